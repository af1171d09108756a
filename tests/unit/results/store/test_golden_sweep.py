"""Sweeps of released shapes keep their jobs and their ids: results on disk are found by them.

`python -m tests.unit.results.store.test_golden_sweep` wrote `sweep-1.json` when its shape was new.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from arbitrage.documents.config import TuningConfig
from arbitrage.documents.spec.sweep_spec import SweepSpec, sweep_id

GOLDEN = Path(__file__).resolve().parents[3] / "golden"
SHOWN = (0, 1, 2, 500, 899)


def described(spec: SweepSpec) -> dict[str, Any]:
    """All that results on disk depend on."""
    return {
        "sweep_id": sweep_id(spec.identity(), "0" * 64, "1"),
        "identity": spec.identity(),
        "kept": spec.to_json(),
        "total": spec.total,
        "configs": {str(number): spec.config(number).model_dump() for number in SHOWN},
    }


def test_a_sweep_of_the_first_shape_is_what_it_was() -> None:
    expected = json.loads((GOLDEN / "sweep-1.json").read_text(encoding="utf-8"))
    for number, config in expected["configs"].items():  # fields that came later are at default
        expected["configs"][number] = TuningConfig(**config).model_dump()
    assert described(SweepSpec.from_file(GOLDEN / "sweep-1.yaml")) == expected
    assert described(SweepSpec.from_text(expected["kept"])) == expected


def _write() -> None:
    spec = SweepSpec.from_file(GOLDEN / "sweep-1.yaml")
    text = json.dumps(described(spec), indent=2, ensure_ascii=False)
    (GOLDEN / "sweep-1.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
