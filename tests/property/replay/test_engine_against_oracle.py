"""The engine and its backtester against the oracle, and against properties that need no oracle."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.arbitrage_backtest import ArbitrageBacktester, BacktestConfig, BacktestResult
from arbitrage.arbitrage_core import ArbitrageEngine, ArbitrageTrade
from tests.helpers.inputs.examples import examples
from tests.helpers.inputs.strategies import (
    Case,
    backtest_config,
    basis_walks,
    cases,
    damaged,
    engine_config,
    extreme_cases,
    lattice_walks,
    markets,
    params,
    quote,
    random_walk,
    snapshots,
    timestamp,
)
from tests.helpers.oracles import naive, terms
from tests.helpers.oracles.terms import Figures, NaiveTrade, Params, Row

UNIT_ROUNDOFF = Fraction(1, 2**53)
STATS = (
    "steps_processed",
    "total_snapshots",
    "skipped_snapshots",
    "winning_trades",
    "losing_trades",
    "stale_snapshots",
)
OTHER_SIDE = {
    terms.LONG_A_SHORT_B: terms.LONG_B_SHORT_A,
    terms.LONG_B_SHORT_A: terms.LONG_A_SHORT_B,
}

thorough = examples(30)
brief = examples(20)


def product_result(rows: list[Row], params: Params) -> BacktestResult:
    engine = ArbitrageEngine(engine_config(params))
    return ArbitrageBacktester(engine, backtest_config(params)).run(snapshots(rows))


def product_figures(rows: list[Row], params: Params) -> dict[str, object]:
    result = product_result(rows, params)
    return {
        name: getattr(result.stats if name in STATS else result, name)
        for name in Figures.__dataclass_fields__
    }


def oracle_figures(rows: list[Row], params: Params) -> dict[str, object]:
    return asdict(naive.backtest(rows, params).figures)


def assert_agree(rows: list[Row], params: Params) -> None:
    assert product_figures(rows, params) == oracle_figures(rows, params)


def as_naive(trade: ArbitrageTrade) -> NaiveTrade:
    return NaiveTrade(
        side=str(trade.side),
        entry_spread_bps=trade.entry_spread_bps,
        entry_price=trade.entry_price,
        open_timestamp=trade.open_timestamp,
        notional_usd=trade.notional_usd,
        close_timestamp=trade.close_timestamp,
        exit_spread_bps=trade.exit_spread_bps,
        pnl_bps=None if trade.is_open else trade.pnl_bps,
        pnl_usd=None if trade.is_open else trade.pnl_usd,
    )


def product_events(rows: list[Row], params: Params) -> list[list[NaiveTrade]]:
    """What ``on_snapshot`` returned for each row, copied before a later row could change it."""
    engine = ArbitrageEngine(engine_config(params))
    return [
        [as_naive(trade) for trade in engine.on_snapshot(snapshot)] for snapshot in snapshots(rows)
    ]


def oracle_events(rows: list[Row], params: Params) -> list[list[NaiveTrade]]:
    """The same from the oracle: on each row the closed trades, then the opened one."""
    run = naive.backtest(rows, replace(params, max_steps=None, stop_on_drawdown_pct=math.inf))
    events: dict[str, list[NaiveTrade]] = {row[0]: [] for row in rows}
    for trade in run.closed:
        events[str(trade.close_timestamp)].append(trade)
    for trade in run.trades:
        still_open = replace(
            trade, close_timestamp=None, exit_spread_bps=None, pnl_bps=None, pnl_usd=None
        )
        events[trade.open_timestamp].append(still_open)
    return list(events.values())


# --- random data ------------------------------------------------------------------------------


@given(cases())
@thorough
def test_every_figure_equals_the_oracle(case: Case) -> None:
    assert_agree(*case)


@given(extreme_cases())
@brief
def test_every_figure_equals_the_oracle_at_prices_from_1e_15_to_1e15(case: Case) -> None:
    assert_agree(*case)


@given(cases())
@brief
def test_on_snapshot_returns_the_trades_the_oracle_closes_and_then_the_one_it_opens(
    case: Case,
) -> None:
    rows, drawn = case
    assert product_events(rows, drawn) == oracle_events(rows, drawn)


WALK_PARAMS = [
    Params(min_spread_bps=0.0, max_open_trades=5),
    Params(min_spread_bps=5.3, taker_fee_a_bps=1.1, taker_fee_b_bps=2.3, slippage_bps=0.7),
    Params(min_spread_bps=9.1, taker_fee_a_bps=3.0, taker_fee_b_bps=1.0, max_open_trades=4),
    Params(min_spread_bps=1.0, taker_fee_a_bps=9.0, slippage_bps=2.0, stop_on_drawdown_pct=0.15),
    Params(min_spread_bps=2.0, taker_fee_b_bps=6.5, max_position_usd=3e5, max_open_trades=3),
    Params(min_spread_bps=0.0, taker_fee_b_bps=10.0, max_position_usd=1e6, max_open_trades=2),
    Params(min_spread_bps=4.0, max_open_trades=25, close_on_spread_reversal=False),
]
WALK_SEEDS = range(4)


@pytest.mark.parametrize("seed", WALK_SEEDS)
@pytest.mark.parametrize("walk_params", WALK_PARAMS)
def test_every_figure_equals_the_oracle_over_a_long_walk(seed: int, walk_params: Params) -> None:
    assert_agree(random_walk(seed, 300), walk_params)


def test_the_long_walks_reach_every_rule_of_the_model() -> None:
    """Agreement on data that never stops, never reverses or never loses would mean little."""
    runs = [naive.backtest(random_walk(seed, 300), p) for seed in WALK_SEEDS for p in WALK_PARAMS]
    opened = {trade.side for run in runs for trade in run.trades}
    reversals = [
        run
        for run in runs
        if {t.close_timestamp for t in run.closed} & {t.open_timestamp for t in run.trades}
    ]
    stops = [run for run in runs if run.figures.stopped_row is not None]

    assert opened == {terms.LONG_A_SHORT_B, terms.LONG_B_SHORT_A}
    assert max(run.figures.closed_trades for run in runs) > 50
    assert max(run.most_open_trades for run in runs) > 3
    assert len(reversals) > 5
    assert any(run.figures.max_drawdown_pct >= 100 for run in stops)
    assert any(run.figures.max_drawdown_pct < 1 for run in stops)
    assert all(run.figures.skipped_snapshots > 5 for run in runs)
    assert any(run.figures.winning_trades and run.figures.losing_trades for run in runs)


# --- degenerate data --------------------------------------------------------------------------

QUIET = quote(0, 100.0, 0.0, 1.0, 1.0)
A_IS_CHEAP = quote(0, 100.0, 40.0, 1.0, 1.0)
B_IS_CHEAP = quote(0, 100.0, -40.0, 1.0, 1.0)
CROSSED = damaged(A_IS_CHEAP, (1, "crossed"))


def file_of(*rows: Row) -> list[Row]:
    """The rows, each with its own timestamp."""
    return [(timestamp(index), *row[1:]) for index, row in enumerate(rows)]


def scaled(row: Row, factor: float) -> Row:
    time, bid_a, ask_a, bid_b, ask_b = row
    return time, bid_a * factor, ask_a * factor, bid_b * factor, ask_b * factor


DEGENERATE_FILES = {
    "empty": [],
    "one quiet row": file_of(QUIET),
    "one row that opens": file_of(A_IS_CHEAP),
    "one crossed row": file_of(CROSSED),
    "all crossed": file_of(*[CROSSED] * 7),
    "constant and quiet": file_of(*[QUIET] * 7),
    "constant and open": file_of(*[A_IS_CHEAP] * 7),
    "reversing on every row": file_of(*[A_IS_CHEAP, B_IS_CHEAP] * 5),
    "broken before and after": file_of(CROSSED, A_IS_CHEAP, QUIET, B_IS_CHEAP, CROSSED),
    "tiny": file_of(*(scaled(row, 1e-17) for row in (A_IS_CHEAP, B_IS_CHEAP, QUIET))),
    "huge": file_of(*(scaled(row, 9e12) for row in (A_IS_CHEAP, B_IS_CHEAP, QUIET))),
    "tiny to huge": file_of(
        scaled(A_IS_CHEAP, 1e-17), scaled(QUIET, 9e12), scaled(B_IS_CHEAP, 1e-17)
    ),
}
DEGENERATE_PARAMS = {
    "one slot": Params(taker_fee_a_bps=2.0, slippage_bps=1.0),
    "many slots": Params(taker_fee_b_bps=2.0, max_open_trades=3),
    "held to the end": Params(max_open_trades=2, close_on_spread_reversal=False),
    "stop at the first loss": Params(max_open_trades=2, stop_on_drawdown_pct=1e-9),
    "ruined": Params(max_position_usd=1e9, max_open_trades=2),
    "never opens": Params(min_spread_bps=1e15),
    "no steps": Params(max_steps=0),
    "one step": Params(max_steps=1),
    "more steps than rows": Params(max_steps=1_000),
}


@pytest.mark.parametrize("file", DEGENERATE_FILES)
@pytest.mark.parametrize("setting", DEGENERATE_PARAMS)
def test_every_figure_equals_the_oracle_on_degenerate_data(file: str, setting: str) -> None:
    assert_agree(DEGENERATE_FILES[file], DEGENERATE_PARAMS[setting])


@pytest.mark.parametrize("row", range(6))
def test_a_stop_at_any_row_from_the_first_to_the_last_equals_the_oracle(row: int) -> None:
    """Each row opens a trade at a loss of both books, 4 bps, so every row deepens the drawdown."""
    rows = file_of(*[A_IS_CHEAP] * 6)
    no_stop = Params(max_open_trades=6, max_position_usd=1e6)
    stop = naive.backtest(rows, no_stop).drawdowns_pct[row]
    run_params = replace(no_stop, stop_on_drawdown_pct=stop)

    assert_agree(rows, run_params)
    assert product_result(rows, run_params).stopped_row == row


# --- properties that need no oracle -----------------------------------------------------------


def with_venues_swapped(row: Row) -> Row:
    time, bid_a, ask_a, bid_b, ask_b = row
    return time, bid_b, ask_b, bid_a, ask_a


def with_side_swapped(trade: NaiveTrade) -> NaiveTrade:
    return replace(trade, side=OTHER_SIDE[trade.side])


@given(cases())
@brief
def test_swapping_the_venues_and_their_fees_mirrors_the_sides_and_leaves_every_figure(
    case: Case,
) -> None:
    """A tie between the sides goes to A, but it can open nothing.

    Both spreads of a tradable row are negative in a tie (bid_b >= ask_a > bid_a >= ask_b > bid_b
    has no solution), and the threshold is not. So the mirror is exact.
    """
    rows, drawn = case
    swapped_rows = [with_venues_swapped(row) for row in rows]
    swapped = replace(
        drawn, taker_fee_a_bps=drawn.taker_fee_b_bps, taker_fee_b_bps=drawn.taker_fee_a_bps
    )

    assert product_figures(swapped_rows, swapped) == product_figures(rows, drawn)
    assert product_events(swapped_rows, swapped) == [
        [with_side_swapped(trade) for trade in event] for event in product_events(rows, drawn)
    ]


@given(cases(), st.integers(-30, 30))
@brief
def test_scaling_all_prices_by_a_power_of_two_leaves_every_figure(
    case: Case, exponent: int
) -> None:
    """Exactly, since only exponents change; prices stay far from overflow and underflow."""
    rows, drawn = case
    scaled_rows = [scaled(row, 2.0**exponent) for row in rows]
    assert product_figures(scaled_rows, drawn) == product_figures(rows, drawn)


@given(
    params(),
    st.floats(0.5, 50),
    st.floats(0.1, 20),
    st.floats(0.1, 20),
    st.sampled_from([1, -1]),
    st.sampled_from([1e-9, 0.0371, 100.0, 61_234.5, 1e12]),
)
@brief
def test_a_trade_is_worth_minus_both_books_and_both_executions_on_the_row_that_opens_it(
    drawn: Params, edge_bps: float, half_a: float, half_b: float, sign: int, mid: float
) -> None:
    """The loss of opening.

    In exact arithmetic, on the side that buys on A (and mirrored on the other):

        entry - exit = (bid_b - ask_a) / ask_a - (ask_b - bid_a) / ask_a
                     = -((ask_a - bid_a) + (ask_b - bid_b)) / ask_a

    less both executions. In doubles each term (the entry, the exit, both costs) is rounded at most
    7 times until it is dollars: 3 in the quotient, 2 in the subtractions, 2 in the conversion. So
    the error is below ((1 + u)**7 - 1), hence 8 u, times the sum of the terms' sizes.
    """
    cost = terms.execution_cost_bps(drawn)
    basis_bps = sign * (drawn.min_spread_bps + cost + edge_bps + 1.01 * (half_a + half_b))
    row = quote(0, mid, basis_bps, half_a, half_b)

    result = product_result([row], drawn)

    bid_a, ask_a, bid_b, ask_b = (Fraction(price) for price in row[1:])
    entry_price, entry, exit_ = (
        (ask_a, bid_b - ask_a, ask_b - bid_a) if sign > 0 else (ask_b, bid_a - ask_b, ask_a - bid_b)
    )
    notional = Fraction(drawn.max_position_usd)
    executions = (
        2
        * (
            Fraction(drawn.taker_fee_a_bps)
            + Fraction(drawn.taker_fee_b_bps)
            + Fraction(drawn.slippage_bps)
        )
        / 10_000
    )
    books = ((ask_a - bid_a) + (ask_b - bid_b)) / entry_price
    tolerance = (
        8 * UNIT_ROUNDOFF * notional * (abs(entry) / entry_price + exit_ / entry_price + executions)
    )
    assert result.open_trades == 1
    assert result.unrealized_pnl_usd is not None
    error = Fraction(result.unrealized_pnl_usd) + notional * (books + executions)
    assert abs(error) <= tolerance


@given(markets(), params())
@brief
def test_taking_out_the_rows_that_are_not_tradable_changes_no_figure_of_the_trading(
    rows: list[Row], drawn: Params
) -> None:
    about_the_file = {"skipped_snapshots", "total_snapshots", "steps_processed", "stopped_row"}
    whole = product_figures(rows, drawn)
    cleaned = product_figures([row for row in rows if terms.is_tradable(row)], drawn)
    assert all(whole[name] == cleaned[name] for name in whole.keys() - about_the_file)
    assert cleaned["skipped_snapshots"] == 0


@given(markets(), params(), st.integers(0, 40))
@brief
def test_max_steps_gives_the_figures_of_the_file_cut_there_but_counts_over_the_whole(
    rows: list[Row], drawn: Params, max_steps: int
) -> None:
    about_the_file = {"skipped_snapshots", "total_snapshots"}
    limited = product_figures(rows, replace(drawn, max_steps=max_steps))
    cut = product_figures(rows[:max_steps], drawn)
    assert all(limited[name] == cut[name] for name in limited.keys() - about_the_file)
    assert limited["total_snapshots"] == len(rows)
    assert limited["skipped_snapshots"] == len([r for r in rows if not terms.is_tradable(r)])


@given(st.one_of(basis_walks(), lattice_walks()), params())
@brief
def test_what_is_unrealized_is_what_closing_the_open_trades_at_the_end_pays(
    rows: list[Row], drawn: Params
) -> None:
    """Through ``ArbitrageTrade.close``, with the costs of the whole life, oldest first."""
    engine = ArbitrageEngine(engine_config(drawn))
    no_stop = BacktestConfig(
        initial_balance_usd=drawn.initial_balance_usd, stop_on_drawdown_pct=math.inf
    )
    result = ArbitrageBacktester(engine, no_stop).run(snapshots(rows))

    left_open = engine.get_open_trades()
    for trade in left_open:
        trade.close(
            "after the end",
            terms.exit_spread_bps(as_naive(trade), rows[-1]),
            2 * drawn.taker_fee_a_bps,
            2 * drawn.taker_fee_b_bps,
            2 * drawn.slippage_bps,
        )
    assert result.unrealized_pnl_usd == terms.plain_sum(trade.pnl_usd for trade in left_open)
