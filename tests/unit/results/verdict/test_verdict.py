"""The verdict on a search: which of the four it is, and what stands with it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from arbitrage.errors import ConfigError
from arbitrage.replay.many_configs import open_data
from arbitrage.replay.periods.period_clock import periods_of
from arbitrage.replay.periods.period_profits import period_profits
from arbitrage.results.store.known_sweeps import sweep_named
from arbitrage.results.verdict import luck
from arbitrage.results.verdict import search as searching
from arbitrage.results.verdict.verdict import EDGE, LUCK, NO_EDGE, TOO_LITTLE, Verdict, path_of
from arbitrage.selection import superior_predictive_ability
from arbitrage.sweep import SweepSpec, judge, run_sweep
from tests.luck.driver import verdicts
from tests.luck.markets import MEAN_REVERTING, RANDOM_WALK, Market, write_market
from tests.unit.results.verdict.searched import quick, spec_of, thresholds


def test_noise_is_not_praised_and_an_edge_is_found() -> None:
    """The short form of `python -m tests.luck.driver`."""
    of_noise = verdicts(RANDOM_WALK, 2, n_bootstrap=100)
    assert EDGE not in {found.verdict for found in of_noise}
    assert {found.periods for found in of_noise} == {100}
    of_edges = verdicts(MEAN_REVERTING, 2, n_bootstrap=100)
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
    spec = spec_of(quotes, {"name": "min_spread_bps", "start": 0, "stop": 9, "num": 46})
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
    as_many, *more = (quick(spec, also_tried=count).p_value for count in (2, 1_000, 10**12))
    assert as_many == pytest.approx(1 - (1 - 1 / 51) ** 2)
    assert more[-1] == 1
    found = [alone, as_many, *more]
    assert found == sorted(found, key=lambda p_value: p_value or 0)


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
