"""Folds against the oracle, and no row of a test reaches its training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.many_configs import open_data
from arbitrage.results.walk_forward.outcome import WalkForward
from arbitrage.results.walk_forward.windows import Division, Fold
from arbitrage.sweep import SweepSpec, walk_forward
from tests.helpers.inputs.strategies import quote
from tests.helpers.oracles import naive
from tests.helpers.oracles.terms import Row
from tests.unit.results.walk_forward.walked import (
    EXITS,
    SPREADS,
    at,
    csv_file,
    params_of,
    spec_of,
    stamp,
    walk_of,
)


def judged_by_hand(rows: list[Row], fold: Fold) -> dict[tuple[float, float], tuple[Any, Any]]:
    """Each config's figures over the rows of both windows alone."""
    train = rows[fold.train.first_row : fold.train.stop_row]
    test = rows[fold.test.first_row : fold.test.stop_row]
    return {
        (spread, exit_bps): (
            naive.backtest(train, params_of(spread, exit_bps)).figures,
            naive.backtest(test, params_of(spread, exit_bps)).figures,
        )
        for spread in SPREADS
        for exit_bps in EXITS
    }


def assert_as_by_hand(rows: list[Row], data: OpenedFile, found: WalkForward) -> None:
    division = Division.of(3, "60s", "30s")
    for fold, outcome in zip(division.folds_of(data), found.folds, strict=True):
        by_hand = judged_by_hand(rows, fold)
        best = max(train.net_pnl_usd for train, _ in by_hand.values())
        values = outcome.parameters
        train, test = by_hand[values["min_spread_bps"] or 0, values["exit_spread_bps"] or 0]
        assert outcome.in_sample.net_pnl_usd == train.net_pnl_usd == best
        for side, figures in ((outcome.in_sample, train), (outcome.out_of_sample, test)):
            assert side.net_pnl_usd == figures.net_pnl_usd
            assert side.total_trades == figures.total_trades
            assert side.open_trades == figures.open_trades
            assert side.net_usd_per_hour == side.net_pnl_usd / side.hours


@pytest.mark.parametrize("seed", range(3))
def test_folds_choose_and_judge_as_by_hand(tmp_path: Path, seed: int) -> None:
    rows = walk_of(Random(seed), 200)
    path = csv_file(tmp_path, rows)
    found = walk_forward(spec_of(path), folds=3, train="60s", test="30s")
    assert_as_by_hand(rows, open_data(path), found)
    assert any(fold.out_of_sample.open_trades for fold in found.folds)
    total = sum(fold.out_of_sample.net_pnl_usd for fold in found.folds)
    assert found.equity[-1].net_pnl_usd == pytest.approx(total)
    assert found.equity[-1].time == rows[-1][0]
    assert found.out_of_sample_usd_per_hour == pytest.approx(total / (90 / 3_600))
    assert len(found.equity) > 3
    trained = sum(fold.in_sample.net_pnl_usd for fold in found.folds)
    assert found.kept_share == pytest.approx((total / 90) / (trained / 180))


def test_the_equity_is_marked_at_the_ends_of_periods(tmp_path: Path) -> None:
    """Each point is what the chosen configs would have come to if the file ended there."""
    rows = walk_of(Random(5), 200)
    found = walk_forward(spec_of(csv_file(tmp_path, rows)), folds=2, train="60s", test="50s")
    by_time = {point.time: point.net_pnl_usd for point in found.equity}
    before = 0.0
    for fold in found.folds:
        first, stop = fold.out_of_sample.first_row, fold.out_of_sample.stop_row
        values = fold.parameters
        params = params_of(values["min_spread_bps"] or 0, values["exit_spread_bps"] or 0)
        for row in range(first, stop):
            if rows[row][0] in by_time:
                figures = naive.backtest(rows[first : row + 1], params).figures
                assert by_time[rows[row][0]] == pytest.approx(before + figures.net_pnl_usd)
        before += fold.out_of_sample.net_pnl_usd
    assert [*by_time] == [row[0] for row in rows[100:]]  # a second is a period of such a file


def test_the_equity_ends_where_a_drawdown_stops_the_run(tmp_path: Path) -> None:
    path = csv_file(tmp_path, walk_of(Random(5), 200))
    spec = spec_of(path, stop_on_drawdown_pct=0.005)
    found = walk_forward(spec, folds=2, train="60s", test="50s")
    stopped = [fold.out_of_sample.stopped_row for fold in found.folds]
    assert all(row is not None for row in stopped)
    assert found.equity[-1].time == stamp(stopped[-1] or 0)
    total = sum(fold.out_of_sample.net_pnl_usd for fold in found.folds)
    assert found.equity[-1].net_pnl_usd == pytest.approx(total)


def chosen(found: WalkForward) -> list[tuple[Any, Any]]:
    return [(fold.config_number, fold.in_sample) for fold in found.folds]


def with_a_bait(rows: list[Row], first_test_row: int) -> list[Row]:
    """The first row of the test pays those who hold a trade then, and who trades at a high price.

    The basis falls so far that whatever is open closes there with a large profit.
    """
    _, bid_a, ask_a, bid_b, ask_b = rows[first_test_row - 1]
    deep = 0.9
    bait = (rows[first_test_row][0], bid_a, ask_a, bid_b * deep, ask_b * deep)
    return [*rows[:first_test_row], bait, *rows[first_test_row + 1 :]]


def baited(tmp_path: Path) -> tuple[SweepSpec, SweepSpec]:
    """A file, and the same with a bait for whoever sees one row of the test window."""
    rows = walk_of(Random(8), 91)
    # A low threshold opens on the last row of the training window, and holds there at a loss.
    rows[60] = at(60, quote(0, 100.0, 7.0, 0.5, 0.5))
    plain = csv_file(tmp_path, rows, "plain.csv")
    return spec_of(plain), spec_of(csv_file(tmp_path, with_a_bait(rows, 61), "bait.csv"))


def test_a_training_window_sees_no_row_of_its_test(tmp_path: Path) -> None:
    plain, bait = (
        walk_forward(spec, folds=1, train="60s", test="30s") for spec in baited(tmp_path)
    )
    assert chosen(plain) == chosen(bait)
    assert plain.folds[0].out_of_sample != bait.folds[0].out_of_sample


def test_the_bait_is_taken_by_who_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without which the test above would tell nothing."""
    honest: Callable[[Division, OpenedFile], list[Fold]] = Division.folds_of

    def looks_ahead(division: Division, data: OpenedFile) -> list[Fold]:
        return [
            fold._replace(train=fold.train._replace(stop_row=fold.train.stop_row + 1))
            for fold in honest(division, data)
        ]

    monkeypatch.setattr(Division, "folds_of", looks_ahead)
    plain, bait = (
        walk_forward(spec, folds=1, train="60s", test="30s") for spec in baited(tmp_path)
    )
    assert plain.folds[0].config_number != bait.folds[0].config_number
    assert bait.folds[0].in_sample.net_pnl_usd > plain.folds[0].in_sample.net_pnl_usd


def test_nothing_leaks_into_a_test_window(tmp_path: Path) -> None:
    """A trade that the training window leaves open does not close in the test window."""
    rows: list[Row] = []
    for second in range(91):
        basis = 30.0 if second == 60 or (10 <= second < 15) else 0.0
        rows.append(at(second, quote(0, 100.0, basis, 0.5, 0.5)))
    spec = spec_of(csv_file(tmp_path, rows))
    [fold] = walk_forward(spec, folds=1, train="60s", test="30s").folds
    assert fold.in_sample.open_trades == 1
    assert fold.out_of_sample.total_trades == 0
    assert fold.out_of_sample.net_pnl_usd == 0
