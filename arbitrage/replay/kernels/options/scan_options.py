"""The plain scan with every option: row by row, order by order, as the engine does it.

It may write down what it does, of one config: see `Log`. With None for the log the compiler leaves
that out, so that no sweep pays for it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.account import fall_pct, marked, put
from arbitrage.replay.kernels.layout import (
    BPS,
    Integers,
    Options,
    Parameters,
    PeriodSheet,
    Rows,
    RunTotals,
    Tally,
)
from arbitrage.replay.kernels.options.log import (
    Log,
    log_closing,
    log_decision,
    log_leaving,
    log_mark,
    log_opening,
)
from arbitrage.replay.kernels.options.sizes import fitting
from arbitrage.replay.kernels.options.state import (
    CLOSES,
    OPENS,
    Orders,
    State,
    Terms,
    Trades,
    closed,
    filled,
    place_of,
    sent,
    settled,
    without,
)
from arbitrage.replay.kernels.period_sheet import NEVER, end_period, next_closing

ASK_A, BID_B, ASK_B, BID_A = range(4)  # the quotes that opening hits


class Desk(NamedTuple):
    """What a run has in hand: room for its open trades, and for its orders in flight."""

    trades: Trades
    orders: Orders


@compiled
def scan_with_options(
    rows: Rows,
    parameters: Parameters,
    options: Options,
    tally: Tally,
    sheet: PeriodSheet | None,
    log: Log | None,
) -> None:
    """Run every config over every row that is tradable by its prices.

    With a sheet profits are counted anew in each period, and the totals say nothing. With a log,
    which is for one config, it writes down what it does. Without them it is a kernel of its own, in
    which nothing is left of either.
    """
    room = 1
    for c in range(len(parameters.slots)):
        room = max(room, min(parameters.slots[c], len(rows.row)))
    trades = Trades(
        np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room), np.empty(room),
        np.empty(room), np.empty(room, np.int64), np.empty(room, np.int64),
    )  # fmt: skip
    orders = Orders(
        np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64),
        np.empty(room), np.empty(room, np.int64), np.empty(room, np.int64),
        np.empty(room, np.int64),
    )  # fmt: skip
    for c in range(len(parameters.threshold)):
        terms = Terms(
            threshold=parameters.threshold[c],
            cost=2 * parameters.cost[c],
            most_usd=parameters.notional[c],
            least_usd=options.least_usd[c],
            slots=parameters.slots[c],
            exit_spread=options.exit_spread[c],
            holding_ns=options.holding_ns[c],
            latency_a_ns=options.latency_a_ns[c],
            latency_b_ns=options.latency_b_ns[c],
            flight_ns=max(options.latency_a_ns[c], options.latency_b_ns[c]),
            share=options.size_share[c],
            max_age_ms=options.max_age_ms[c],
            balance=parameters.balance[c],
            stop=parameters.stop[c],
        )
        put(_scan_one(rows, terms, Desk(trades, orders), sheet, c, log), tally, c)


@compiled
def _scan_one(
    rows: Rows, terms: Terms, desk: Desk, sheet: PeriodSheet | None, c: int, log: Log | None
) -> RunTotals[float]:
    """Run one config.

    What is done on every row stands here. A call that hands on arrays counts their references,
    which takes as long as a dozen rows: there are such calls only where something happens.
    """
    trades, orders, state = desk.trades, desk.orders, State(0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0)
    hit, is_any_hit = np.full(4, -1, np.int64), False  # the row on which a quote was hit
    peak, drawdown, unrealized, stopped_row = terms.balance, 0.0, 0.0, -1.0
    until = NEVER if sheet is None else next_closing(sheet, c)
    for i in range(len(rows.row)):
        if sheet is not None and i == until:
            state = _end_periods(sheet, c, i, unrealized, state)
            until = next_closing(sheet, c)
        if np.isfinite(terms.max_age_ms) and not rows.age_ms[i] <= terms.max_age_ms:
            continue
        now = rows.time_ns[i]
        if is_any_hit:
            is_any_hit = _still_hit(rows, i, hit)
        if state.n_orders > 0 and now - orders.decided[0] > terms.flight_ns:
            state = _land(rows, i, terms, desk, state, log)
        for k in range(state.n_orders):
            if 0 < terms.latency_a_ns >= now - orders.decided[k]:
                orders.met_a[k] = i
            if 0 < terms.latency_b_ns >= now - orders.decided[k]:
                orders.met_b[k] = i
        spread_ab = (rows.bid_b[i] - rows.ask_a[i]) / rows.ask_a[i] * BPS
        spread_ba = (rows.bid_a[i] - rows.ask_b[i]) / rows.ask_b[i] * BPS
        place = 0
        while place < state.n_open:
            spread = spread_ab if trades.is_ab[place] else spread_ba
            held_ns, before = now - trades.decided[place], state.n_open
            if not trades.leaves[place] and _is_due(spread, held_ns, terms):
                state = _close(rows, i, terms, desk, place, state, log)
            place += state.n_open == before  # a trade that closed at once is another now
        has_slot = state.n_open + state.n_entries < terms.slots
        if has_slot and max(spread_ab, spread_ba) >= terms.threshold:
            state = _open(rows, i, int(spread_ab >= spread_ba), terms, hit, desk, state, log)
            is_any_hit = not np.isnan(terms.share)
        unrealized = 0.0
        for place in range(state.n_open):
            if trades.is_ab[place]:
                exit_ = rows.ask_b[i] - rows.bid_a[i]
            else:
                exit_ = rows.ask_a[i] - rows.bid_b[i]
            pnl_bps = trades.entry[place] - exit_ / trades.price[place] * BPS - terms.cost
            unrealized += pnl_bps / BPS * trades.notional[place]
        equity = (terms.balance + state.realized) + unrealized
        peak, drawdown = marked(equity, peak, drawdown)
        if log is not None:
            log_mark(log, i, equity, fall_pct(peak, equity))
        if drawdown >= terms.stop:
            stopped_row = float(rows.row[i])
            break
    if sheet is not None:
        _end_periods(sheet, c, len(rows.row), unrealized, state)
    return _totals(state, unrealized, drawdown, stopped_row)


@compiled
def _totals(
    state: State, unrealized: float, drawdown: float, stopped_row: float
) -> RunTotals[float]:
    return RunTotals(
        opened=state.opened,
        closed=state.closed,
        wins=state.wins,
        realized=state.realized,
        unrealized=unrealized,
        drawdown=drawdown,
        stopped_row=stopped_row,
        beyond_size=state.beyond,
    )


@compiled
def _end_periods(sheet: PeriodSheet, c: int, i: int, unrealized: float, state: State) -> State:
    """End the periods that end before a row, and count profits anew."""
    while sheet.period[c] < len(sheet.ends) and sheet.ends[sheet.period[c]] <= i:
        end_period(sheet, c, state.realized, unrealized)
        state = settled(state)
    return state


@compiled
def _still_hit(rows: Rows, i: int, hit: Integers) -> bool:
    """Forget which quotes were hit that are others on this row; whether any is left."""
    is_any_left = False
    for leg in range(4):
        if hit[leg] >= 0 and not _stands(rows, leg, hit[leg], i):
            hit[leg] = -1
        is_any_left |= hit[leg] >= 0
    return is_any_left


@compiled
def _land(rows: Rows, i: int, terms: Terms, desk: Desk, state: State, log: Log | None) -> State:
    """Let the orders take effect whose flight is over."""
    trades, orders, now, landed = desk.trades, desk.orders, rows.time_ns[i], 0
    while landed < state.n_orders and now - orders.decided[landed] > terms.flight_ns:
        if orders.kind[landed] == OPENS:
            if log is not None:
                log_opening(log, orders, landed, i)
            state = filled(rows, trades, orders, landed, state)
        else:
            place = place_of(trades, state.n_open, orders.number[landed])
            met_a, met_b = orders.met_a[landed], orders.met_b[landed]
            if log is not None:
                log_closing(log, orders.number[landed], met_a, met_b, i, state)
            state = closed(rows, terms, trades, place, met_a, met_b, state)
        landed += 1
    return without(orders, landed, state)


@compiled
def _is_due(spread: float, held_ns: int, terms: Terms) -> bool:
    """Whether an open trade is to be closed."""
    return bool(spread < terms.exit_spread or 0 <= terms.holding_ns <= held_ns)


@compiled
def _close(
    rows: Rows, i: int, terms: Terms, desk: Desk, place: int, state: State, log: Log | None
) -> State:
    """Close a trade, or send the order to."""
    trades, orders = desk.trades, desk.orders
    if log is not None:
        log_leaving(log, trades.number[place], i)
    if terms.flight_ns == 0:
        if log is not None:
            log_closing(log, trades.number[place], i, i, i, state)
        return closed(rows, terms, trades, place, i, i, state)
    trades.leaves[place] = 1
    return sent(orders, CLOSES, trades.number[place], 0, 0.0, rows.time_ns[i], i, state)


@compiled
def _open(
    rows: Rows,
    i: int,
    is_ab: int,
    terms: Terms,
    hit: Integers,
    desk: Desk,
    state: State,
    log: Log | None,
) -> State:
    """Decide to open a trade, unless sizes forbid it."""
    trades, orders = desk.trades, desk.orders
    notional = terms.most_usd
    if not np.isnan(terms.share):
        first = ASK_A if is_ab else ASK_B
        notional = _notional(rows, i, is_ab, terms.share, terms.most_usd, terms.least_usd)
        if hit[first] >= 0 or hit[first + 1] >= 0 or not notional > 0:
            return state
        hit[first] = hit[first + 1] = i
    if log is not None:
        log_decision(log, state.decided, is_ab, i)
    state = sent(orders, OPENS, state.decided, is_ab, notional, rows.time_ns[i], i, state)
    if terms.flight_ns == 0:
        # No other order is in flight where an order takes no time.
        if log is not None:
            log_opening(log, orders, 0, i)
        state = without(orders, 1, filled(rows, trades, orders, 0, state))
    return state


@compiled
def _stands(rows: Rows, leg: int, before: int, now: int) -> bool:
    """Whether a quote has the price and the size that it had on an earlier row."""
    if leg == ASK_A:
        price, size = rows.ask_a, rows.ask_size_a
    elif leg == BID_B:
        price, size = rows.bid_b, rows.bid_size_b
    elif leg == ASK_B:
        price, size = rows.ask_b, rows.ask_size_b
    else:
        price, size = rows.bid_a, rows.bid_size_a
    return bool(price[before] == price[now] and size[before] == size[now])


@compiled
def _notional(rows: Rows, i: int, is_ab: int, share: float, most: float, least: float) -> float:
    if is_ab:
        size, ask = min(rows.ask_size_a[i], rows.bid_size_b[i]), rows.ask_a[i]
    else:
        size, ask = min(rows.ask_size_b[i], rows.bid_size_a[i]), rows.ask_b[i]
    return fitting(size, ask, share, most, least)
