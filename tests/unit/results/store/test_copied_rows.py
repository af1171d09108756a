"""Rows that another sweep in the results folder has are copied; only what is new is computed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import arbitrage.sweep as sweep_here
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.store.rows import SCHEMA, sweep_rows
from arbitrage.sweep import run_sweep
from tests.helpers.inputs.examples import examples
from tests.helpers.inputs.sweeps import spec
from tests.unit.results.store.conftest import quotes_csv
from tests.unit.results.store.grown import KEPT, SPREADS, STOPS, Desk

ROOT = Path(__file__).resolve().parents[4]
EXITS = {"name": "exit_spread_bps", "values": [-2, 0.1, 0]}

# The grids and fields of a sweep, and how many of its configs the sweep of the fixture has not.
GROWN: dict[str, tuple[list[dict[str, Any]], dict[str, Any], int]] = {
    "the slow grid wider": ([{**SPREADS, "stop": 19}, STOPS], {}, 20),
    "the fast grid wider": ([SPREADS, {**STOPS, "values": [0.01, 5, None]}], {}, 10),
    "a value between all": ([{**SPREADS, "step": 0.5}, STOPS], {}, 18),
    "a list for the range": ([{"name": "min_spread_bps", "values": [*range(10)]}, STOPS], {}, 0),
    "num for step": (
        [{"name": "min_spread_bps", "start": 0, "stop": 9, "num": 10}, STOPS],
        {},
        0,
    ),
    "backwards": ([{"name": "min_spread_bps", "start": 9, "stop": 0, "step": -1}, STOPS], {}, 0),
    "another order": ([STOPS, SPREADS], {}, 0),
    "one grid more": ([SPREADS, EXITS, STOPS], {}, 40),
    "one value fixed": ([STOPS], {"min_spread_bps": 3}, 0),
    "a null fixed": ([SPREADS], {}, 0),
    "a sample of it": ([SPREADS, STOPS], {"sample": {"n": 7, "seed": 3}}, 0),
    "a sample of a wider one": (
        [{**SPREADS, "stop": 29}, STOPS],
        {"sample": {"n": 60, "seed": 3}},
        40,
    ),
    "other tags and names": ([SPREADS, STOPS], {"tag_prefix": "x", "extra": {"a": 1}}, 0),
    "another ranking of more": (
        [{**SPREADS, "stop": 10}, STOPS],
        {"rank_by": "win_rate", "filters": {"min_trades": 5}},
        2,
    ),
    "the same bits, however they are computed": (
        [{"name": "min_spread_bps", "values": [0.1 * 30, 9 * 0.1 / 0.1, 0.3]}, STOPS],
        {},
        2,
    ),
    "one number fixed otherwise": ([SPREADS, STOPS], {"slippage_bps": 3}, 20),
    "another field": ([SPREADS, STOPS], {"latency_a_ms": 1}, 20),
    "nothing in common": ([{**SPREADS, "start": 0.5, "stop": 9.5}, STOPS], {}, 20),
}


@pytest.mark.parametrize("case", GROWN)
def test_only_what_is_new_is_computed(desk: Desk, case: str) -> None:
    grids, fields, new = GROWN[case]
    rows = desk.grown(*grids, **fields)
    assert desk.computed == new
    assert rows["config_number"].to_list() == [*range(rows.height)]
    if "tag_prefix" in fields:
        assert rows["tag"].to_list() == [f"x-{number}" for number in range(rows.height)]


def test_a_sample_is_copied_from(desk: Desk) -> None:
    sample = {"sample": {"n": 25, "seed": 5}}
    desk.grown({**SPREADS, "stop": 29}, {**STOPS, "values": [1, 2]}, **sample)
    assert desk.computed == 25
    desk.grown({**SPREADS, "stop": 29}, {**STOPS, "values": [1, 2]})
    assert desk.computed == 60 - 25


def test_a_sweep_is_copied_from_as_far_as_it_has_come(desk: Desk) -> None:
    desk.grown({**SPREADS, "stop": 39}, STOPS, max_jobs=50)
    assert desk.computed == 30
    desk.grown({**SPREADS, "stop": 39}, {**STOPS, "values": [None]})
    assert desk.computed == 40 - 25


def test_several_sweeps_are_copied_from(desk: Desk) -> None:
    desk.grown({**SPREADS, "start": 20, "stop": 29}, STOPS)
    assert desk.computed == 20
    desk.grown({**SPREADS, "stop": 29}, STOPS)
    assert desk.computed == 20


def test_another_name_of_the_same_data_is_copied_and_other_data_are_not(
    desk: Desk, quotes: Path
) -> None:
    (quotes / "copy.csv").write_text(quotes_csv(), encoding="utf-8")
    rows = desk.grown(SPREADS, STOPS, data_file="copy.csv")
    assert desk.computed == 0
    assert set(rows["data_file"]) == {"copy.csv"}
    (quotes / "other.csv").write_text(quotes_csv(rows=150), encoding="utf-8")
    desk.grown(SPREADS, STOPS, data_file="other.csv")
    assert desk.computed == 20


def test_another_engine_has_other_rows(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_here, "ENGINE_VERSION", "99")
    desk.grown(SPREADS, {**STOPS, "values": [None, 0.01, 5]})
    assert desk.computed == 30


def test_what_is_there_is_not_touched_and_a_second_run_writes_nothing(desk: Desk) -> None:
    def files() -> dict[Path, int]:
        paths = [path for path in desk.results.rglob("*") if path.is_file()]
        return {path: path.stat().st_mtime_ns for path in paths if path.name != ".lock"}

    before = files()
    desk.grown({**SPREADS, "step": 0.5}, STOPS)
    after = files()
    assert before.items() <= after.items()
    for path in after:
        assert path.suffix == ".json" or pl.read_parquet(path).schema == SCHEMA
    desk.grown({**SPREADS, "step": 0.5}, STOPS)
    assert (desk.computed, files()) == (0, after)


def test_a_config_that_failed_is_tried_anew(desk: Desk) -> None:
    folder = desk.folder(KEPT)
    with folder.exclusively():
        rows = folder.rows(20).collect()
        folder.clear()
        failed = sweep_rows(KEPT, 0, 20, rows.to_dict(), {3: "killed", 4: "killed"})
        folder.write_part(failed)
    desk.grown(STOPS, SPREADS)
    assert desk.computed == 2


def test_a_zero_has_no_sign(desk: Desk) -> None:
    desk.grown(SPREADS, STOPS, {"name": "exit_spread_bps", "values": [-0.0, 1]})
    assert desk.computed == 20


# Few values, of which what does not vary has the one that is the rule, or hardly a row would be
# there to be copied. A row is of the same bits: 0.1 + 0.2 is not 0.3.
FIELDS: dict[str, list[Any]] = {
    "min_spread_bps": [20.0, 5.0, 0.3, 0.1 + 0.2],
    "slippage_bps": [2.0, 2.5],
    "stop_on_drawdown_pct": [None, 0.01],
    "exit_spread_bps": [0.0, -0.0, 1.0],
}


@st.composite
def sweeps(draw: st.DrawFn) -> SweepSpec:
    names = draw(st.lists(st.sampled_from([*FIELDS]), min_size=1, max_size=3, unique=True))
    values = (st.lists(st.sampled_from(FIELDS[name]), min_size=2, unique=True) for name in names)
    grids = [{"name": name, "values": draw(some)} for name, some in zip(names, values, strict=True)]
    fields = {"max_position_usd": 1e6}
    size = draw(st.none() | st.integers(1, SweepSpec(**spec(*grids, **fields)).total))
    sample = None if size is None else {"n": size, "seed": draw(st.integers(0, 3))}
    limit = draw(st.none() | st.integers(1, 9))
    return SweepSpec(**spec(*grids, **fields, sample=sample, max_jobs=limit))


@examples(15)
@given(some=st.lists(sweeps(), min_size=1, max_size=3), last=sweeps())
def test_any_sweep_has_the_same_rows_with_and_without_the_folders_of_others(
    quotes: Path, tmp_path_factory: pytest.TempPathFactory, some: list[SweepSpec], last: SweepSpec
) -> None:
    results = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(quotes)
        for sweep in some:
            run_sweep(sweep, results_dir=results)
        rows = run_sweep(last, results_dir=results)
        alone = run_sweep(last)
    assert rows.equals(alone)
    for name, dtype in SCHEMA.items():
        if dtype == pl.Float64:
            bits = [
                frame[name].fill_null(np.nan).to_numpy().view(np.int64) for frame in (rows, alone)
            ]
            assert (bits[0] == bits[1]).all()


RUN = """
import os, signal, sys
from arbitrage.sweep import SweepSpec, run_sweep
syncs, sync = iter(range(1, 1000)), os.fsync
def killed_at_the_last(handle):
    if next(syncs) == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    sync(handle)
os.fsync = killed_at_the_last
import arbitrage.results.store.computing
arbitrage.results.store.computing._CONFIGS_AT_ONCE = 7
run_sweep(SweepSpec.from_text(sys.argv[1]), results_dir=sys.argv[2])
"""


def test_a_run_that_was_killed_goes_on_with_what_it_had_kept(desk: Desk) -> None:
    sweep = SweepSpec(**spec({**SPREADS, "step": 0.5}, STOPS, max_position_usd=1e6))
    command = [sys.executable, "-c", RUN, sweep.to_json(), str(desk.results), "5"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run(command, env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    parts = desk.folder(sweep).parts(sweep.total)
    assert len(parts) == 2
    there = sum(part.stop - part.start for part in parts)
    desk.grown({**SPREADS, "step": 0.5}, STOPS)
    assert there == 14
    assert desk.computed == sum(number // 2 % 2 for number in range(there, sweep.total))
