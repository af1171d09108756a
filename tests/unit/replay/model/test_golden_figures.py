"""The figures of engine version 1, to the last bit: options at their default change nothing.

`python -m tests.unit.replay.model.test_golden_figures` wrote `figures-1.json` and
`rows-1.parquet` under that version.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from arbitrage.arbitrage_tuning import ArbitrageTuningRunner
from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.rows import SCHEMA
from arbitrage.sweep import SweepSpec, run_sweep

GOLDEN = Path(__file__).resolve().parents[3] / "golden"
SAMPLE = Path(__file__).resolve().parents[4] / "data" / "sample_arbitrage_prices.csv"
FIGURES = [name for name in FIGURE_NAMES if name != "exits_beyond_size"]


def spec() -> SweepSpec:
    fields: dict[str, Any] = {
        "data_file": str(SAMPLE),
        "taker_fee_a_bps": 5,
        "taker_fee_b_bps": 4.5,
        "slippage_bps": 2,
        "max_position_usd": 1000,
        "grids": [
            {"name": "min_spread_bps", "start": 0, "stop": 60, "num": 13},
            {"name": "max_open_trades", "values": [1, 3]},
            {"name": "stop_on_drawdown_pct", "values": [None, 0.2]},
        ],
    }
    return SweepSpec(**fields)


def of_a_sweep() -> list[dict[str, Any]]:
    return run_sweep(spec()).select(FIGURES).to_dicts()


def of_jobs() -> list[dict[str, Any]]:
    """By the engine, which a file as small as the sample goes through."""
    metrics = [ArbitrageTuningRunner(spec().config(number)).run() for number in range(spec().total)]
    return [{name: getattr(one, name) for name in FIGURES} for one in metrics]


def golden() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((GOLDEN / "figures-1.json").read_text(encoding="utf-8"))
    return rows


def test_a_sweep_without_options_has_the_figures_of_version_1() -> None:
    assert of_a_sweep() == golden()


def test_jobs_without_options_have_the_figures_of_version_1() -> None:
    assert of_jobs() == golden()


def test_rows_of_version_1_are_read_with_nulls_for_what_they_lack(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path, "id")
    folder.path.mkdir()
    part = folder.path / f"part-{0:012}-{spec().total:012}.parquet"
    part.write_bytes((GOLDEN / "rows-1.parquet").read_bytes())
    rows = folder.rows(spec().total).collect()
    assert rows.schema == SCHEMA
    assert rows.select(FIGURES).to_dicts() == golden()
    assert rows["exits_beyond_size"].null_count() == spec().total
    assert folder.best(spec()) is not None


def _write() -> None:
    rows = run_sweep(spec()).with_columns(data_file=pl.lit(SAMPLE.name))
    rows.write_parquet(GOLDEN / "rows-1.parquet")
    lines = ",\n".join(json.dumps(row) for row in of_a_sweep())
    (GOLDEN / "figures-1.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
