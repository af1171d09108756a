"""The sweep that has these configs already, found in the results folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results import overlap as sweep_overlap
from arbitrage.results.folder import SweepFolder
from arbitrage.results.overlap import Overlap, largest_overlap
from arbitrage.results.rows import sweep_rows
from tests.sweeps import spec

SPREADS = {"name": "min_spread_bps", "start": 0, "stop": 9, "step": 1}
STOPS = {"name": "stop_on_drawdown_pct", "values": [None, 5]}
KEPT = SweepSpec(**spec(SPREADS, STOPS))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """With a finished sweep of ten spreads and two stops."""
    keep(tmp_path, "kept", KEPT, KEPT.total)
    return tmp_path


def keep(results: Path, name: str, sweep: SweepSpec, count: int, digest: str = "hash") -> None:
    folder = SweepFolder(results, name)
    with folder.exclusively():
        folder.describe(sweep, digest, "1", 100)
        failures = dict.fromkeys(range(count), "whatever")
        folder.write_part(sweep_rows(sweep, 0, count, {}, failures))


def alike(results: Path, *grids: dict[str, Any], **fields: Any) -> Overlap | None:
    return largest_overlap(results, SweepSpec(**spec(*grids, **fields)), "hash", "1")


ALIKE: dict[str, tuple[list[dict[str, Any]], dict[str, Any], float]] = {
    "a wider range": ([{**SPREADS, "stop": 19}, STOPS], {}, 0.5),
    "a list for the range": ([{"name": "min_spread_bps", "values": [*range(10)]}, STOPS], {}, 1.0),
    "num for step": (
        [{"name": "min_spread_bps", "start": 0, "stop": 9, "num": 10}, STOPS],
        {},
        1.0,
    ),
    "another order": ([STOPS, SPREADS], {}, 1.0),
    "one value fixed": ([STOPS], {"min_spread_bps": 3}, 1.0),
    "a null fixed": ([SPREADS], {}, 1.0),
    "a sample of it": ([SPREADS, STOPS], {"sample": {"n": 7}}, 1.0),
    "another tag": ([SPREADS, STOPS], {"tag_prefix": "x"}, 1.0),
}


@pytest.mark.parametrize("case", ALIKE)
def test_a_sweep_with_these_configs_is_found(results: Path, case: str) -> None:
    grids, fields, share = ALIKE[case]
    assert alike(results, *grids, **fields) == ("kept", share)


def test_what_differs_in_one_number_is_another_config(results: Path) -> None:
    assert alike(results, SPREADS, STOPS, slippage_bps=3) is None
    assert alike(results, {**SPREADS, "start": 0.5, "stop": 9.5}, STOPS) is None


def test_a_few_configs_in_common_are_not_worth_saying(results: Path) -> None:
    assert alike(results, {**SPREADS, "stop": 99}, STOPS) == ("kept", 0.1)
    assert alike(results, {**SPREADS, "stop": 109}, STOPS) is None


def test_other_data_or_another_engine_have_other_rows(results: Path) -> None:
    sweep = SweepSpec(**spec(SPREADS))
    assert largest_overlap(results, sweep, "other", "1") is None
    assert largest_overlap(results, sweep, "hash", "2") is None


def test_the_one_with_most_is_told_and_what_it_has_on_disk_counts(results: Path) -> None:
    wider = SweepSpec(**spec({**SPREADS, "stop": 19}, STOPS))
    keep(results, "begun", wider, 10)
    keep(results, "wider", wider, 30)
    assert alike(results, {**SPREADS, "stop": 39}, STOPS) == ("wider", 30 / 80)


def test_of_a_large_sweep_runs_are_looked_for(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_overlap, "_RUNS", 5)
    monkeypatch.setattr(sweep_overlap, "_RUN", 2)
    assert alike(results, {**SPREADS, "stop": 19}, STOPS) == ("kept", 0.6)


def test_a_damaged_part_has_nothing_in_common(results: Path) -> None:
    [part] = (results / "kept").glob("*.parquet")
    part.write_bytes(b"PAR1")
    assert alike(results, SPREADS) is None
