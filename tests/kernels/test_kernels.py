"""replay == scan == the oracle, on random and on adversarial data, figure by figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.replay.kernel_calls import quotes_of, replay_all, scan_all, windows_of
from arbitrage.replay.kernels.layout import REST, Floats, Parameters, Prices, Quotes, RunTotals
from tests.helpers.inputs.examples import DEPTH, examples
from tests.helpers.inputs.strategies import (
    Case,
    basis_walks,
    cases,
    extreme_cases,
    lattice_walks,
    markets,
    params,
    quote,
    random_walk,
)
from tests.helpers.oracles import naive, terms
from tests.helpers.oracles.terms import Params, Row

thorough = examples(30)


def prices_of(rows: Sequence[Row]) -> Prices:
    columns = np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 4).T
    frozen = [np.ascontiguousarray(column) for column in columns]
    for column in frozen:
        column.flags.writeable = False
    return Prices(*frozen)


def parameters_of(runs: Sequence[Params]) -> Parameters:
    def floats(values: list[float]) -> np.ndarray:
        return np.array(values, dtype=np.float64)

    return Parameters(
        threshold=floats([terms.threshold_bps(run) for run in runs]),
        cost=floats([terms.execution_cost_bps(run) for run in runs]),
        notional=floats([run.max_position_usd for run in runs]),
        slots=np.array([run.max_open_trades for run in runs], dtype=np.int64),
        balance=floats([run.initial_balance_usd for run in runs]),
        stop=floats([run.stop_on_drawdown_pct or 100.0 for run in runs]),
    )


def of_kernel(total: RunTotals[Floats], place: int = 0) -> dict[str, float | None]:
    stopped_row = int(total.stopped_row[place])
    return {
        "total_trades": int(total.opened[place]),
        "closed_trades": int(total.closed[place]),
        "winning_trades": int(total.wins[place]),
        "realized_pnl_usd": float(total.realized[place]),
        "unrealized_pnl_usd": float(total.unrealized[place]),
        "max_drawdown_pct": float(total.drawdown[place]),
        "stopped_row": None if stopped_row < 0 else stopped_row,
    }


def of_oracle(rows: Sequence[Row], run: Params) -> dict[str, float | None]:
    figures = naive.backtest(rows, run).figures
    return {name: getattr(figures, name) for name in of_kernel(nothing())}


def nothing() -> RunTotals[Floats]:
    return RunTotals._make(np.zeros((len(RunTotals._fields), 1)))


def assert_replay_agrees(rows: Sequence[Row], runs: Sequence[Params]) -> None:
    windows, parameters = windows_of(quotes_of(prices_of(rows))), parameters_of(runs)
    tallies = [
        replay_all(windows, parameters),
        *(replay_all(windows, parameters, n) for n in (1, 3)),
    ]
    for place, run in enumerate(runs):
        expected = of_oracle(rows, run)
        for tally in tallies:  # however many windows all configs go through before any goes on
            assert of_kernel(tally, place) == expected, run


def head(quotes: Quotes, rows: int | None) -> Quotes:
    """Of the first rows of the file; `max_steps` of the engine."""
    count = len(quotes.row) if rows is None else int(np.searchsorted(quotes.row, rows))
    return Quotes._make(column[:count] for column in quotes)


# -- random data


@given(cases())
@thorough
def test_the_scan_equals_the_oracle_with_every_option(case: Case) -> None:
    rows, run = case
    quotes = head(quotes_of(prices_of(rows)), run.max_steps)
    tally = scan_all(quotes, parameters_of([run]), closes_on_reversal=run.close_on_spread_reversal)
    assert of_kernel(tally) == of_oracle(rows, run)


def as_a_user_writes_it(run: Params) -> Params:
    return replace(run, close_on_spread_reversal=True, max_steps=None)


@given(cases())
@thorough
def test_the_replay_equals_the_oracle(case: Case) -> None:
    rows, run = case
    assert_replay_agrees(rows, [as_a_user_writes_it(run)])


@given(extreme_cases())
@thorough
def test_both_equal_the_oracle_at_prices_from_1e_15_to_1e15(case: Case) -> None:
    rows, run = case[0], as_a_user_writes_it(case[1])
    quotes = quotes_of(prices_of(rows))
    assert of_kernel(scan_all(quotes, parameters_of([run]))) == of_oracle(rows, run)
    assert_replay_agrees(rows, [run])


@given(markets(), st.lists(params(), min_size=2, max_size=12))
@examples(20)
def test_configs_that_run_together_do_not_touch_each_other(
    rows: list[Row], runs: list[Params]
) -> None:
    assert_replay_agrees(rows, [as_a_user_writes_it(run) for run in runs])


@pytest.mark.parametrize("seed", range(2 * DEPTH))
def test_they_agree_on_long_walks_at_every_kind_of_threshold(seed: int) -> None:
    rows = random_walk(seed, 600)
    runs = [
        Params(
            min_spread_bps=spread,
            taker_fee_a_bps=fee,
            taker_fee_b_bps=fee,
            slippage_bps=1.0,
            max_open_trades=slots,
            stop_on_drawdown_pct=stop,
        )
        for spread in (0.0, 3.0, 10.0, 25.0, 60.0)
        for fee in (0.0, 2.5)
        for slots in (1, 2, 7)
        for stop in (None, 0.2, 0.05)
    ]
    assert_replay_agrees(rows, runs)


# -- adversarial data


# The extremes of the rows to come are kept for one row in `REST`.
EDGES = [0, 1, 2, 3, *(times * REST + more for times in (1, 2, 4) for more in (-1, 0, 1)), 65]


@pytest.mark.parametrize("rows_in_window", EDGES)
@pytest.mark.parametrize("slots", [1, 3])
def test_a_stop_fires_on_any_row_of_a_window(rows_in_window: int, slots: int) -> None:
    """The basis widens row by row against the trade; each row is once the one that stops it.

    The row after the window is one of them, which closes the trades.
    """
    rows = [quote(index, 100.0, 30.0 + index, 1.0, 1.0) for index in range(rows_in_window + 2)]
    wide = 200.0 + rows_in_window  # the books of the row that closes: no other costs as much
    for basis, half_spread in ((0.0, wide), (40.0, 1.0), (-5.0, 1.0)):
        rows.append(quote(len(rows), 100.0, basis, half_spread, half_spread))
    run = Params(min_spread_bps=20.0, max_open_trades=slots, max_position_usd=5_000.0)
    drawdowns = naive.backtest(rows, run).drawdowns_pct
    stops = sorted({drawdown for drawdown in drawdowns if 0 < drawdown < 100})
    just_above = [math.nextafter(stop, math.inf) for stop in stops]
    assert_replay_agrees(
        rows, [replace(run, stop_on_drawdown_pct=stop) for stop in [*stops, *just_above]]
    )


def test_a_row_that_closes_one_trade_and_opens_the_opposite_is_marked_once_after_both() -> None:
    rows = [
        quote(index, 100.0, basis, 1.0, 1.0)
        for index, basis in enumerate([50.0, 60.0, -50.0, -20.0, 40.0, -45.0, 1.0, 0.0])
    ]
    runs = [
        Params(min_spread_bps=spread, max_open_trades=slots, stop_on_drawdown_pct=stop)
        for spread in (0.0, 20.0, 44.0)
        for slots in (1, 2)
        for stop in (None, 0.01, 0.02, 0.03)
    ]
    assert_replay_agrees(rows, runs)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [quote(0, 100.0, 50.0, 1.0, 1.0)],
        [quote(index, 100.0, 50.0, 1.0, 1.0) for index in range(40)],
        [(f"{index}", 100.0, 100.0, 100.0, 100.0) for index in range(5)],
        [quote(0, 100.0, 50.0, 1.0, 1.0), quote(1, 100.0, -1.0, 1.0, 1.0)],
    ],
    ids=["empty", "one row", "one window to the end", "none tradable", "reversal on the last row"],
)
@pytest.mark.parametrize("slots", [1, 2, 1_000_000])
def test_degenerate_files(rows: list[Row], slots: int) -> None:
    assert_replay_agrees(rows, [Params(max_open_trades=slots), Params(min_spread_bps=1e6)])


@given(st.one_of(basis_walks(), lattice_walks()), st.data())
@examples(30)
def test_a_threshold_that_equals_a_spread_is_reached(rows: list[Row], data: st.DataObject) -> None:
    spreads = [
        terms.spread_bps(terms.better_side(row), row) for row in rows if terms.is_tradable(row)
    ]
    reachable = [spread for spread in spreads if spread >= 0]
    if reachable:
        tie = data.draw(st.sampled_from(reachable))
        ties = [tie, math.nextafter(tie, math.inf)]
        assert_replay_agrees(rows, [Params(min_spread_bps=spread) for spread in ties])


@given(markets(), params())
@examples(20)
def test_scaling_prices_by_a_power_of_two_changes_no_figure(rows: list[Row], run: Params) -> None:
    scale = 2.0**19
    scaled = [
        (time, bid_a * scale, ask_a * scale, bid_b * scale, ask_b * scale)
        for time, bid_a, ask_a, bid_b, ask_b in rows
    ]
    run = as_a_user_writes_it(run)
    tallies = [
        replay_all(windows_of(quotes_of(prices_of(quotes))), parameters_of([run]))
        for quotes in (rows, scaled)
    ]
    assert of_kernel(tallies[0]) == of_kernel(tallies[1])
