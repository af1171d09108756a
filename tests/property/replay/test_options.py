"""The options of the model: engine and plain scan against the oracle, and what must always hold."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.arbitrage_backtest import ArbitrageBacktester, BacktestConfig
from arbitrage.arbitrage_core import ArbitrageConfig, ArbitrageEngine, ArbitrageTrade
from arbitrage.replay.kernels.layout import RunTotals
from arbitrage.replay.kernels.options.scan_options import scan_with_options
from tests.helpers.inputs import options
from tests.helpers.inputs.examples import examples
from tests.helpers.inputs.options import Market
from tests.helpers.oracles import naive, terms
from tests.helpers.oracles.terms import More, Params, Row

randoms = options.randoms
thorough = examples(50)
brief = examples(25)


def engine(params: Params) -> ArbitrageEngine:
    names = ArbitrageConfig.__dataclass_fields__
    return ArbitrageEngine(ArbitrageConfig(**{name: getattr(params, name) for name in names}))


def product_figures(market: Market, params: Params) -> dict[str, object]:
    account = BacktestConfig(
        params.initial_balance_usd, stop_on_drawdown_pct=params.stop_on_drawdown_pct
    )
    result = ArbitrageBacktester(engine(params), account).run(options.snapshots(*market))
    return {
        name: getattr(result.stats if hasattr(result.stats, name) else result, name)
        for name in terms.Figures.__dataclass_fields__
    }


def figures(market: Market, params: Params) -> dict[str, object]:
    rows, more = market
    return asdict(naive.backtest(rows, params, more).figures)


def events(market: Market, params: Params) -> list[tuple[int, ArbitrageTrade]]:
    """Which trade was opened or closed on which row, as it was then."""
    running = engine(params)
    return [
        (number, replace(trade))
        for number, snapshot in enumerate(options.snapshots(*market))
        for trade in running.on_snapshot(snapshot)
    ]


@thorough
@given(randoms)
def test_the_engine_is_the_oracle(random: Random) -> None:
    market, params = options.market(random), options.params(random)
    params = replace(params, close_on_spread_reversal=random.random() < 0.9)
    assert product_figures(market, params) == figures(market, params)


@thorough
@given(randoms)
def test_the_plain_scan_is_the_oracle(random: Random) -> None:
    rows, more = options.market(random)
    runs = [options.params(random) for _ in range(3)]
    tally = np.zeros((len(RunTotals._fields), len(runs)))
    scan_with_options(
        options.rows_of(rows, more),
        options.parameters_of(runs),
        options.options_of(runs),
        tally,
        None,
        None,
    )
    for place, run in enumerate(runs):
        found = naive.backtest(rows, run, more).figures
        wanted = RunTotals(
            opened=found.total_trades,
            closed=found.closed_trades,
            wins=found.winning_trades,
            realized=found.realized_pnl_usd,
            unrealized=found.unrealized_pnl_usd,
            drawdown=found.max_drawdown_pct,
            stopped_row=-1 if found.stopped_row is None else found.stopped_row,
            beyond_size=found.exits_beyond_size or 0,
        )
        assert RunTotals._make(tally[:, place]) == wanted, run


@brief
@given(randoms, st.integers(-(10**9), 10**9).map(lambda seconds: seconds * 10**9))
def test_shifting_all_times_changes_nothing(random: Random, shift_ns: int) -> None:
    (rows, more), params = options.market(random), options.params(random)
    shifted = (
        [(str(int(row[0]) + shift_ns), *row[1:]) for row in rows],
        [replace(one, t_ns=one.t_ns + shift_ns) for one in more],
    )
    after = product_figures(shifted, params)
    stopped = after["stopped_row"]
    if isinstance(stopped, int):
        assert after["stopped_timestamp"] == shifted[0][stopped][0]
    assert {**after, "stopped_timestamp": None} == {
        **product_figures((rows, more), params),
        "stopped_timestamp": None,
    }


@brief
@given(randoms, st.booleans())
def test_nothing_lands_when_the_latency_is_longer_than_the_file(random: Random, at_a: bool) -> None:
    market, params = options.market(random), options.params(random)
    long = replace(params, latency_a_ms=1e9) if at_a else replace(params, latency_b_ms=1e9)
    found = product_figures(market, long)
    assert (found["total_trades"], found["net_pnl_usd"]) == (0, 0.0)


@brief
@given(randoms, st.integers(0, 60))
def test_what_happens_on_a_row_depends_on_no_later_row(random: Random, cut: int) -> None:
    (rows, more), params = options.market(random), options.params(random)
    whole = events((rows, more), params)
    assert events((rows[:cut], more[:cut]), params) == [(at, one) for at, one in whole if at < cut]


@brief
@given(randoms)
def test_a_fill_uses_no_quote_that_came_after_its_arrival(random: Random) -> None:
    """The quotes of venue A that come after an order has arrived there are moved far away."""
    (rows, more), params = options.market(random), options.params(random)
    params = replace(params, latency_a_ms=1.0, latency_b_ms=100.0, max_open_trades=1)
    opened = [(at, trade) for at, trade in events((rows, more), params) if trade.is_open]
    if not opened:
        return
    landed_at, trade = opened[0]
    arrival_ns = trade.decided_ns + 10**6
    moved = [
        _moved(row) if arrival_ns < one.t_ns and at < landed_at else row
        for at, (row, one) in enumerate(zip(rows, more, strict=True))
    ]
    again = [(at, one) for at, one in events((moved, more), params) if one.is_open]
    assert again[0] == (landed_at, trade)


def _moved(row: Row) -> Row:
    """Venue A ten times higher, where that leaves the row what it was: tradable or not."""
    timestamp, bid_a, ask_a, bid_b, ask_b = row
    return timestamp, bid_a * 10, ask_a * 10, bid_b, ask_b


@brief
@given(randoms)
def test_sizes_that_never_bind_change_nothing(random: Random) -> None:
    rows, more = options.market(random)
    more = [
        replace(
            one, bid_size_a=1e9 + at, ask_size_a=1e9 + at, bid_size_b=1e9 + at, ask_size_b=1e9 + at
        )
        for at, one in enumerate(more)
    ]
    params = replace(options.params(random), size_share=None, min_position_usd=0.0)
    without = product_figures((rows, more), params)
    assert product_figures((rows, more), replace(params, size_share=1.0)) == {
        **without,
        "exits_beyond_size": 0,
    }


@brief
@given(randoms)
def test_a_quote_that_was_hit_is_not_hit_again_before_it_changes(random: Random) -> None:
    rows, more = options.market(random)
    params = replace(options.params(random), size_share=1.0, max_open_trades=10)
    params = replace(params, latency_a_ms=0.0, latency_b_ms=0.0, max_quote_age_ms=None)
    last: dict[str, tuple[float, float]] = {}
    tradable = {at for at, row in enumerate(rows) if terms.is_tradable(row)}
    opened = {at: trade for at, trade in events((rows, more), params) if trade.is_open}
    for at in sorted(tradable):
        quotes = _entry_quotes(rows[at], more[at])
        last = {leg: quote for leg, quote in last.items() if quotes[leg] == quote}
        if at in opened:
            legs = terms.entry_legs(str(opened[at].side))
            assert not last.keys() & set(legs)
            last |= {leg: quotes[leg] for leg in legs}


def _entry_quotes(row: Row, more: More) -> dict[str, tuple[float, float]]:
    return {
        "bid_a": (row[1], more.bid_size_a),
        "ask_a": (row[2], more.ask_size_a),
        "bid_b": (row[3], more.bid_size_b),
        "ask_b": (row[4], more.ask_size_b),
    }


@brief
@given(randoms)
def test_an_age_limit_above_all_ages_changes_nothing(random: Random) -> None:
    rows, more = options.market(random)
    more = [replace(one, age_a_ms=1.0, age_b_ms=2.0) for one in more]
    params = replace(options.params(random), max_quote_age_ms=None)
    assert product_figures((rows, more), params) == product_figures(
        (rows, more), replace(params, max_quote_age_ms=2.0)
    )


@pytest.mark.parametrize("age_ms", [math.nan, 2.0])
def test_an_age_that_is_unknown_is_older_than_any_limit(age_ms: float) -> None:
    row = options.snapshots([("1", 99.0, 100.0, 101.0, 102.0)], [More(age_a_ms=0.0)])[0]
    limited = engine(Params(max_quote_age_ms=1.0))
    assert limited.is_stale(row._replace(age_b_ms=age_ms))
    assert not limited.is_stale(row._replace(age_b_ms=1.0))
