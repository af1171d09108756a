"""What was tried: the configs of a search, of all its sweeps, and who won."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.errors import ConfigError
from arbitrage.replay.many_configs import open_data
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.known_sweeps import sweep_named
from arbitrage.results.verdict.judging import Asked, judge_search
from arbitrage.results.verdict.search import Search, search_of
from tests.luck.markets import MEAN_REVERTING, write_market
from tests.unit.results.verdict.searched import quick, run, searched, spec_of, thresholds


def test_a_config_of_several_sweeps_counts_once(quotes: Path, tmp_path: Path) -> None:
    run(spec_of(quotes, thresholds(3, 4, 5, 6)), tmp_path)
    run(spec_of(quotes, thresholds(5, 6, 7), slippage_bps=1), tmp_path)
    found = quick(spec_of(quotes, thresholds(6, 5, 9), tag="again"), results_dir=tmp_path)
    assert found.n_configs == 3 + 2 + 3
    counts = [sweep["configs"] for sweep in found.search["sweeps"]]
    assert counts[0] == 3, "the sweep that is asked about comes first"
    assert sorted(counts[1:]) == [2, 3]


def test_the_winner_may_be_of_another_sweep(quotes: Path, tmp_path: Path) -> None:
    other = run(spec_of(quotes, thresholds(4, 6)), tmp_path)
    best = other.folder.best(other.spec)
    assert best is not None
    found = quick(spec_of(quotes, thresholds(900)), results_dir=tmp_path)
    assert found.winner["sweep_id"] == other.sweep_id != found.sweep_id
    assert found.winner["config_number"] == best["config_number"]


def test_a_sweep_whose_rows_are_gone_still_counts(quotes: Path, tmp_path: Path) -> None:
    gone = run(spec_of(quotes, thresholds(*range(30))), tmp_path)
    for part in (tmp_path / gone.sweep_id).glob("*.parquet"):
        part.unlink()
    found = quick(spec_of(quotes, thresholds(6)), results_dir=tmp_path)
    assert found.n_configs == 30
    assert [sweep["is_gone"] for sweep in found.search["sweeps"]] == [False, True]


def test_a_sweep_that_never_had_a_row_counts_nothing(quotes: Path, tmp_path: Path) -> None:
    """It was interrupted: nobody has looked at any of its configs."""
    huge = spec_of(quotes, {"name": "min_spread_bps", "start": 0, "stop": 99, "num": 10**6})
    digest, its_id = open_data(quotes).data_sha256, "f" * 16
    folder = SweepFolder(tmp_path, its_id)
    with folder.exclusively():
        folder.describe(huge, digest, ENGINE_VERSION, chunk_size=5_000)
    elsewhere = SweepFolder(tmp_path, "e" * 16)
    with elsewhere.exclusively():
        elsewhere.describe(huge, "0" * 64, ENGINE_VERSION)
    found = quick(spec_of(quotes, thresholds(4, 6)), results_dir=tmp_path)
    assert found.n_configs == 2
    assert [sweep["sweep_id"] for sweep in found.search["sweeps"]] == [found.sweep_id]
    assert found.search["other_configs"] == 0
    of_itself = search_of(sweep_named(its_id, tmp_path), [tmp_path])
    assert of_itself.n_configs == 2
    assert of_itself.asked.ranges == ()


def test_a_sweep_of_an_older_version_counts_when_its_rows_are_gone(
    quotes: Path, tmp_path: Path
) -> None:
    gone = run(spec_of(quotes, thresholds(*range(30))), tmp_path)
    place = tmp_path / f"{gone.sweep_id}.json"
    description = json.loads(place.read_text())
    assert description.pop("has_had_rows") is True
    place.write_text(json.dumps(description))
    SweepFolder(tmp_path, gone.sweep_id).clear()
    assert quick(spec_of(quotes, thresholds(6)), results_dir=tmp_path).n_configs == 30


def test_what_was_run_before_max_jobs_was_lowered_was_tried(quotes: Path, tmp_path: Path) -> None:
    run(spec_of(quotes, thresholds(*range(30))), tmp_path)
    found = quick(spec_of(quotes, thresholds(*range(30)), max_jobs=5), results_dir=tmp_path)
    assert found.n_configs == 30


def test_a_config_that_failed_is_not_of_the_search(quotes: Path, tmp_path: Path) -> None:
    sweep_id = run(spec_of(quotes, thresholds(4, 5, 6)), tmp_path).sweep_id
    [part] = (tmp_path / sweep_id).glob("*.parquet")
    rows = pl.read_parquet(part)
    failed = pl.col("config_number") == 1
    rows.with_columns(
        pl.when(failed).then(pl.lit("error")).otherwise("status").alias("status"),
        pl.when(~failed).then("net_pnl_usd").alias("net_pnl_usd"),
    ).write_parquet(part)
    search = search_of(sweep_named(sweep_id, tmp_path), [tmp_path])
    assert [piece.numbers.tolist() for piece in search.pieces] == [[0, 2]]


def test_what_is_on_other_data_is_told_and_not_counted(quotes: Path, tmp_path: Path) -> None:
    write_market(tmp_path / "other.parquet", MEAN_REVERTING, seed=4, rows=1_200)
    run(spec_of(tmp_path / "other.parquet", thresholds(3, 4)), tmp_path)
    found = quick(spec_of(quotes, thresholds(6)), results_dir=tmp_path)
    assert found.n_configs == 1
    assert (found.search["other_sweeps"], found.search["other_configs"]) == (1, 2)


def test_a_sample_of_the_search_is_of_all_its_sweeps(quotes: Path, tmp_path: Path) -> None:
    run(spec_of(quotes, thresholds(3, 4, 5, 6)), tmp_path)
    whole = searched(spec_of(quotes, thresholds(5, 6, 7, 8, 9)), tmp_path)
    assert whole.n_configs == 7
    for count in (1, 3, 7, 100):
        drawn = [
            (piece.sweep.sweep_id, number)
            for piece in whole.drawn(count, seed=1)
            for number in piece.numbers.tolist()
        ]
        assert len(set(drawn)) == len(drawn) == min(count, 7)
    everything = [whole.config_at(place) for place in range(7)]
    assert [(sweep.sweep_id, number) for sweep, number in everything] == drawn
    with pytest.raises(IndexError):
        whole.config_at(7)


def test_of_equal_configs_the_middle_is_shown(quotes: Path) -> None:
    """Stops that are never reached change nothing."""
    stops = {"name": "stop_on_drawdown_pct", "values": [50, 60, 70, 80, 90]}
    found = quick(spec_of(quotes, thresholds(6), stops))
    assert (found.winner["config_number"], found.winner["equals"]) == (2, 5)


def test_a_sweep_without_results_cannot_be_judged(quotes: Path, tmp_path: Path) -> None:
    whole = searched(spec_of(quotes, thresholds(4)), tmp_path)
    empty = replace(whole.asked, rows=whole.asked.rows.filter(config_number=-1))
    with pytest.raises(ConfigError, match="no config of sweep"):
        judge_search(Search([empty]), open_data(quotes), Asked())
