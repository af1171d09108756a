"""The verdict on a search: what was tried, who won, and whether that is luck."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbitrage.errors import ConfigError
from arbitrage.replay.many_configs import open_data
from arbitrage.replay.periods.period_clock import periods_of
from arbitrage.replay.periods.period_profits import period_profits
from arbitrage.results.store.known_sweeps import sweep_named
from arbitrage.results.verdict import luck
from arbitrage.results.verdict import search as searching
from arbitrage.results.verdict.beside import effective_number
from arbitrage.results.verdict.judging import Asked, judge_search
from arbitrage.results.verdict.search import Search, search_of
from arbitrage.results.verdict.verdict import EDGE, LUCK, NO_EDGE, TOO_LITTLE, Verdict, path_of
from arbitrage.results.walk_forward.outcome import FoldOutcome, Side, WalkForward
from arbitrage.selection import superior_predictive_ability
from arbitrage.sweep import SweepSpec, judge, run_sweep
from tests.luck.driver import verdicts
from tests.luck.markets import MEAN_REVERTING, RANDOM_WALK, Market, write_market

quick = partial(judge, n_bootstrap=50)


@pytest.fixture(scope="module")
def quotes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short file with an edge: 600 rows, of which 60 periods of 10 s."""
    path = tmp_path_factory.mktemp("luck") / "quotes.parquet"
    write_market(path, MEAN_REVERTING, seed=3, rows=1_200)
    return path


def spec_of(quotes: Path, *grids: dict[str, Any], **fields: Any) -> SweepSpec:
    varying = {grid["name"] for grid in grids}
    fixed = {
        "data_file": str(quotes),
        "min_spread_bps": 4,
        "taker_fee_a_bps": 1,
        "taker_fee_b_bps": 1,
        "slippage_bps": 0,
        "max_position_usd": 1000,
    }
    fixed = {name: value for name, value in fixed.items() if name not in varying}
    return SweepSpec.from_data({**fixed, **fields, "grids": [*grids]})


def thresholds(*values: float) -> dict[str, Any]:
    return {"name": "min_spread_bps", "values": [*values]}


def searched(spec: SweepSpec, results: Path) -> Search:
    data = open_data(spec.data_path)
    id_of_sweep = quick(spec, results_dir=results).sweep_id
    assert sweep_named(id_of_sweep, results).description.data_sha256 == data.data_sha256
    return search_of(sweep_named(id_of_sweep, results), [results])


# The four verdicts


def test_noise_is_not_praised_and_an_edge_is_found() -> None:
    """The short form of `python -m tests.luck.driver`."""
    of_noise = verdicts(RANDOM_WALK, 4, n_bootstrap=100)
    assert EDGE not in {found.verdict for found in of_noise}
    assert {found.periods for found in of_noise} == {100}
    of_edges = verdicts(MEAN_REVERTING, 4, n_bootstrap=100)
    assert {found.verdict for found in of_edges} == {EDGE}
    assert {found.n_configs for found in of_edges} == {123}


def test_costs_that_eat_all_of_it_leave_no_edge(quotes: Path) -> None:
    found = quick(spec_of(quotes, thresholds(0, 1, 2), taker_fee_a_bps=30))
    assert found.verdict == NO_EDGE
    assert found.p_value == 1


def test_no_edge_where_nothing_trades(quotes: Path) -> None:
    found = quick(spec_of(quotes, thresholds(5_000, 6_000)))
    assert (found.verdict, found.p_value, found.n_configs) == (NO_EDGE, 1, 2)
    assert found.winner["figures"]["net_pnl_usd"] == 0


def test_a_file_of_few_periods_is_too_little(tmp_path: Path) -> None:
    write_market(tmp_path / "short.parquet", Market(0.5, 0.0, 5.0), seed=1, rows=29)
    found = quick(spec_of(tmp_path / "short.parquet", thresholds(0, 1), taker_fee_a_bps=0,
                          taker_fee_b_bps=0))  # fmt: skip
    assert found.verdict == TOO_LITTLE
    assert (found.p_value, found.periods, found.period_seconds) == (None, None, None)
    assert found.test is found.beside is None


def test_nine_trades_are_too_little_and_ten_are_not(quotes: Path) -> None:
    rows = run_sweep(spec_of(quotes, thresholds(*range(30))))
    by_trades = dict(zip(rows["closed_trades"], rows["min_spread_bps"], strict=True))
    few = max(count for count in by_trades if count < 10)
    many = min(count for count in by_trades if count >= 10)
    assert quick(spec_of(quotes, thresholds(by_trades[few]))).verdict == TOO_LITTLE
    assert quick(spec_of(quotes, thresholds(by_trades[many]))).verdict in {EDGE, LUCK}


def test_a_search_with_a_high_p_value_cannot_be_told_from_luck(quotes: Path) -> None:
    found = quick(spec_of(quotes, thresholds(4, 6)), also_tried=10_000)
    assert found.verdict == LUCK
    assert found.p_value is not None
    assert found.p_value > 0.05


# The test


def test_the_p_values_are_those_of_the_functions(quotes: Path) -> None:
    spec = spec_of(quotes, thresholds(*range(12)), {"name": "exit_spread_bps", "values": [-2, 0]})
    found = judge(spec, n_bootstrap=200, seed=5)
    data = open_data(quotes)
    periods = periods_of(data)
    assert periods is not None
    profits = period_profits(data, spec.columns(0, 24), 24, periods)
    assert found.test is not None
    assert (found.periods, found.period_seconds) == (len(periods), periods.seconds)
    for name, studentize in (("by_deviation", True), ("in_dollars", False)):
        expected = superior_predictive_ability(
            profits,
            n_bootstrap=200,
            seed=5,
            mean_block=found.test["mean_block"],
            studentize=studentize,
        )
        for bound in ("lower", "consistent", "upper"):
            assert found.test[name][bound] == getattr(expected, bound)
        if studentize:
            assert found.test["best"]["config_number"] == expected.best
    assert found.test["by_deviation"]["calibrated"] >= found.test["by_deviation"]["consistent"]
    parts = (found.test["by_deviation"]["calibrated"], found.test["in_dollars"]["consistent"])
    assert found.p_value == max(parts)
    assert found.winner["unstopped_net_pnl_usd"] == pytest.approx(
        found.winner["figures"]["net_pnl_usd"]
    )


def test_how_a_search_is_cut_changes_nothing(quotes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_of(quotes, {"name": "min_spread_bps", "start": 0, "stop": 9, "num": 91})
    whole = quick(spec)
    assert quick(spec) == whole
    assert quick(spec, seed=1) != whole
    monkeypatch.setattr(luck, "CONFIGS_AT_ONCE", 7)
    monkeypatch.setattr(searching, "CONFIGS_A_PIECE", 14)
    assert quick(spec) == whole


def test_others_count_as_that_many_more_of_the_same(quotes: Path) -> None:
    spec = spec_of(quotes, thresholds(4, 6))
    alone = quick(spec).p_value
    assert alone == pytest.approx(1 / 51)
    as_many = quick(spec, also_tried=2).p_value
    assert as_many == pytest.approx(1 - (1 - 1 / 51) ** 2)
    found = [quick(spec, also_tried=count).p_value for count in (0, 1, 10, 1_000, 10**12)]
    assert found == sorted(found, key=lambda p_value: p_value or 0)
    assert found[-1] == 1


def test_few_replicates_or_a_block_as_long_as_the_data_prove_nothing(quotes: Path) -> None:
    spec = spec_of(quotes, thresholds(4, 6))
    assert judge(spec, n_bootstrap=1).p_value == 0.5
    assert judge(spec, n_bootstrap=9).verdict == LUCK
    with pytest.raises(ConfigError, match="at most 40 of 120 periods, not 50"):
        quick(spec, mean_block=50)


def test_what_would_need_all_memory_is_refused(quotes: Path, tmp_path: Path) -> None:
    spec = spec_of(quotes, thresholds(4, 6))
    with pytest.raises(ConfigError, match="at most 100,000 replicates, not 1,000,000"):
        judge(spec, n_bootstrap=10**6)
    with pytest.raises(ConfigError, match="are counted as tried elsewhere"):
        quick(spec, also_tried=10**400)
    days = pl.read_parquet(quotes).with_columns(timestamp=86_400 * pl.int_range(pl.len()))
    many = pl.concat([days, *(days.with_columns(pl.col("timestamp") + 86_400 * 1_200 * at)
                              for at in range(1, 5))])  # fmt: skip
    many.write_parquet(tmp_path / "years.parquet")
    years = spec_of(tmp_path / "years.parquet", thresholds(4, 6))
    with pytest.raises(ConfigError, match=r"6,000 periods of 1 d, .* at most 5,000"):
        quick(years)
    many.head(2_000).write_parquet(tmp_path / "years.parquet")
    with pytest.raises(ConfigError, match="of 2,000 periods at most 50,000 replicates"):
        judge(years, n_bootstrap=60_000)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("usd", [1e-315, 1e-200])
def test_profits_of_a_tiny_size_have_the_same_figures_beside(quotes: Path, usd: float) -> None:
    grid = thresholds(4, 6, 8)
    found = quick(spec_of(quotes, grid, max_position_usd=usd), mean_block=2).beside
    usual = quick(spec_of(quotes, grid), mean_block=2).beside
    assert found is not None
    assert usual is not None
    json.dumps(found, allow_nan=False)
    assert found["sharpe"]["sharpe"] == pytest.approx(usual["sharpe"]["sharpe"], rel=1e-3)
    assert found["overfitting"] == usual["overfitting"]


def test_a_stop_does_not_hide_what_the_test_sees(quotes: Path) -> None:
    """A stop changes what a config has earned, and not what is tested."""
    grid = thresholds(0, 1)
    stopped = quick(spec_of(quotes, grid, stop_on_drawdown_pct=0.001), mean_block=2)
    assert stopped.winner["figures"]["stopped_row"] is not None
    assert stopped.winner["unstopped_net_pnl_usd"] != stopped.winner["figures"]["net_pnl_usd"]
    free = quick(spec_of(quotes, grid), mean_block=2)
    assert free.winner["unstopped_net_pnl_usd"] == pytest.approx(
        free.winner["figures"]["net_pnl_usd"]
    )
    assert stopped.test is not None
    assert free.test is not None
    assert stopped.test["by_deviation"] == free.test["by_deviation"]


# The search


def test_a_config_of_several_sweeps_counts_once(quotes: Path, tmp_path: Path) -> None:
    quick(spec_of(quotes, thresholds(3, 4, 5, 6)), results_dir=tmp_path)
    quick(spec_of(quotes, thresholds(5, 6, 7), slippage_bps=1), results_dir=tmp_path)
    found = quick(spec_of(quotes, thresholds(6, 5, 9), tag="again"), results_dir=tmp_path)
    assert found.n_configs == 3 + 2 + 3
    counts = [sweep["configs"] for sweep in found.search["sweeps"]]
    assert counts[0] == 3, "the sweep that is asked about comes first"
    assert sorted(counts[1:]) == [2, 3]


def test_the_winner_may_be_of_another_sweep(quotes: Path, tmp_path: Path) -> None:
    best = quick(spec_of(quotes, thresholds(4, 6)), results_dir=tmp_path)
    found = quick(spec_of(quotes, thresholds(900)), results_dir=tmp_path)
    assert found.winner["sweep_id"] == best.sweep_id != found.sweep_id
    assert found.winner["config_number"] == best.winner["config_number"]


def test_a_sweep_whose_rows_are_gone_still_counts(quotes: Path, tmp_path: Path) -> None:
    gone = quick(spec_of(quotes, thresholds(*range(30))), results_dir=tmp_path)
    for part in (tmp_path / gone.sweep_id).glob("*.parquet"):
        part.unlink()
    found = quick(spec_of(quotes, thresholds(6)), results_dir=tmp_path)
    assert found.n_configs == 30
    assert [sweep["is_gone"] for sweep in found.search["sweeps"]] == [False, True]


def test_what_was_run_before_max_jobs_was_lowered_was_tried(quotes: Path, tmp_path: Path) -> None:
    quick(spec_of(quotes, thresholds(*range(30))), results_dir=tmp_path)
    found = quick(spec_of(quotes, thresholds(*range(30)), max_jobs=5), results_dir=tmp_path)
    assert found.n_configs == 30


def test_a_config_that_failed_is_not_of_the_search(quotes: Path, tmp_path: Path) -> None:
    sweep_id = quick(spec_of(quotes, thresholds(4, 5, 6)), results_dir=tmp_path).sweep_id
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
    quick(spec_of(tmp_path / "other.parquet", thresholds(3, 4)), results_dir=tmp_path)
    found = quick(spec_of(quotes, thresholds(6)), results_dir=tmp_path)
    assert found.n_configs == 1
    assert (found.search["other_sweeps"], found.search["other_configs"]) == (1, 2)


def test_a_sample_of_the_search_is_of_all_its_sweeps(quotes: Path, tmp_path: Path) -> None:
    quick(spec_of(quotes, thresholds(3, 4, 5, 6)), results_dir=tmp_path)
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


# What stands beside it


def test_the_effective_number_is_that_of_the_eigenvalues() -> None:
    random = np.random.default_rng(3)
    profits = random.standard_normal((200, 1)) + random.standard_normal((200, 12))
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(profits.T))
    expected = eigenvalues.sum() ** 2 / (eigenvalues**2).sum()
    assert effective_number(profits, 12) == pytest.approx(expected)
    assert effective_number(np.repeat(profits[:, :1], 9, axis=1), 9) == pytest.approx(1)
    assert effective_number(profits[:, :1], 1) == 1
    assert effective_number(np.zeros((200, 4)), 4) == 4


def test_a_band_of_deflated_ratios(quotes: Path) -> None:
    found = quick(spec_of(quotes, thresholds(*range(12))))
    assert found.beside is not None
    sharpe = found.beside["sharpe"]
    assert 1 <= sharpe["n_effective"] <= 12
    assert 0 <= sharpe["deflated_of_all"] <= sharpe["deflated_of_effective"] <= 1
    assert sharpe["track_record"] > 1
    assert found.beside["sample"] == 12
    assert 0 <= found.beside["overfitting"] <= 1
    assert found.plateau["neighbours"] in {1, 2}


def test_what_a_walk_forward_kept_stands_with_it(quotes: Path, tmp_path: Path) -> None:
    spec = spec_of(quotes, thresholds(4, 6))
    found = quick(spec, results_dir=tmp_path)
    assert found.walk_forward is None
    walked = WalkForward(
        sweep_id=found.sweep_id,
        data_file=found.data_file,
        data_sha256=found.data_sha256,
        engine_version=found.engine_version,
        configs=2,
        rank_by="net_pnl_usd",
        train_seconds=60.0,
        test_seconds=30.0,
        folds=[fold(4.0, 1.0), fold(6.0, -0.5), fold(2.0, 2.5)],
        equity=[],
    )
    walked.write(tmp_path)
    kept = quick(spec, results_dir=tmp_path).walk_forward
    assert kept is not None
    assert kept["kept_share"] == pytest.approx(3 / 12)
    assert (kept["folds_with_profit"], kept["folds"]) == (2, 3)
    replace(walked, data_sha256="0" * 64).write(tmp_path)
    assert quick(spec, results_dir=tmp_path).walk_forward is None


def fold(in_sample_usd: float, out_of_sample_usd: float) -> FoldOutcome:
    train = Side("a", "b", 1.0, 0, 10, net_pnl_usd=in_sample_usd)
    test = Side("b", "c", 1.0, 10, 20, net_pnl_usd=out_of_sample_usd)
    return FoldOutcome(0, {"min_spread_bps": 4.0}, None, train, test)


# The document


def test_a_verdict_that_cannot_be_written_is_a_sentence(quotes: Path, tmp_path: Path) -> None:
    found = quick(spec_of(quotes, thresholds(4, 6)), results_dir=tmp_path)
    place = path_of(tmp_path, found.sweep_id)
    place.unlink()
    place.mkdir()
    with pytest.raises(ConfigError, match=f"cannot write results to {place}: "):
        found.write(tmp_path)


def test_a_verdict_is_kept_beside_the_sweep(quotes: Path, tmp_path: Path) -> None:
    found = quick(spec_of(quotes, thresholds(4, 6)), results_dir=tmp_path)
    place = path_of(tmp_path, found.sweep_id)
    assert place.name == f"{found.sweep_id}.verdict.json"
    assert json.loads(place.read_text()) == found.as_json()
    assert Verdict.read(place) == found
    place.write_text(json.dumps({**found.as_json(), "version": 99}))
    assert Verdict.read(place) is None
    place.write_text(json.dumps({**found.as_json(), "of_a_later_version": 1}))
    assert Verdict.read(place) == found
    for name, wrong in (("p_value", "x"), ("n_configs", None), ("ladder", {}), ("winner", [])):
        place.write_text(json.dumps({**found.as_json(), name: wrong}))
        assert Verdict.read(place) is None
    place.write_text("[]")
    assert Verdict.read(place) is None
    assert Verdict.read(tmp_path / "none.json") is None
    assert sweep_named("latest", tmp_path).sweep_id == found.sweep_id, "it is not taken for a sweep"


REFUSED: dict[str, Callable[[SweepSpec], Verdict]] = {
    "at least 1 replicate": lambda spec: judge(spec, n_bootstrap=0),
    "the seed": lambda spec: judge(spec, seed=-1),
    "tried elsewhere": lambda spec: judge(spec, also_tried=-1),
    "mean block": lambda spec: judge(spec, mean_block=0.5),
    "not nan": lambda spec: judge(spec, mean_block=math.nan),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_makes_no_sense_is_refused_in_a_sentence(words: str, quotes: Path) -> None:
    with pytest.raises(ConfigError, match=words):
        REFUSED[words](spec_of(quotes, thresholds(4)))


def test_a_sweep_without_results_cannot_be_judged(quotes: Path, tmp_path: Path) -> None:
    whole = searched(spec_of(quotes, thresholds(4)), tmp_path)
    empty = replace(whole.asked, rows=whole.asked.rows.filter(config_number=-1))
    with pytest.raises(ConfigError, match="no config of sweep"):
        judge_search(Search([empty]), open_data(quotes), Asked())
