"""The plain scan with every option: row by row, order by order, as the engine does it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arbitrage.replay.compiled import compiled
from arbitrage.replay.kernels.account import put
from arbitrage.replay.kernels.layout import (
    BPS,
    Floats,
    Integers,
    Options,
    Parameters,
    Rows,
    RunTotals,
    Tally,
)

OPENS, CLOSES = 0, 1
ASK_A, BID_B, ASK_B, BID_A = range(4)  # the quotes that opening hits


class _Trades(NamedTuple):
    """The open trades, oldest first; `number` is their place among all that were decided."""

    number: Integers
    is_ab: Integers
    entry: Floats
    price: Floats
    notional: Floats
    decided: Integers
    leaves: Integers


class _Orders(NamedTuple):
    """The orders in flight, in the order of their decisions; rows are places in `Rows`."""

    kind: Integers
    number: Integers
    is_ab: Integers
    notional: Floats
    decided: Integers
    met_a: Integers
    met_b: Integers


class _Terms(NamedTuple):
    """What one config is run by; `cost` is that of both executions, in bps."""

    threshold: float
    cost: float
    most_usd: float
    least_usd: float
    slots: int
    exit_spread: float
    holding_ns: int
    latency_a_ns: int
    latency_b_ns: int
    flight_ns: int
    share: float


class _State(NamedTuple):
    """Where a run stands: how many trades and orders there are, and what has come of them."""

    n_open: int
    n_orders: int
    n_entries: int
    decided: int
    opened: float
    closed: float
    wins: float
    realized: float
    beyond: float


@compiled
def scan_with_options(rows: Rows, parameters: Parameters, options: Options, tally: Tally) -> None:
    """Run every config over every row that is tradable by its prices."""
    room = 1
    for c in range(len(parameters.slots)):
        room = max(room, min(parameters.slots[c], len(rows.row)))
    trades = _Trades(
        np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room), np.empty(room),
        np.empty(room), np.empty(room, np.int64), np.empty(room, np.int64),
    )  # fmt: skip
    orders = _Orders(
        np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64),
        np.empty(room), np.empty(room, np.int64), np.empty(room, np.int64),
        np.empty(room, np.int64),
    )  # fmt: skip
    for c in range(len(parameters.threshold)):
        terms = _Terms(
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
        )
        balance, stop, max_age = parameters.balance[c], parameters.stop[c], options.max_age_ms[c]
        put(_scan_one(rows, terms, balance, stop, max_age, trades, orders), tally, c)


@compiled
def _scan_one(
    rows: Rows,
    terms: _Terms,
    balance: float,
    stop: float,
    max_age_ms: float,
    trades: _Trades,
    orders: _Orders,
) -> RunTotals[float]:
    state = _State(0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0)
    hit = np.full(4, -1, np.int64)  # the row on which a quote was hit
    unrealized = drawdown = 0.0
    peak, stopped_row = balance, -1.0
    for i in range(len(rows.row)):
        if np.isfinite(max_age_ms) and not rows.age_ms[i] <= max_age_ms:
            continue
        if not np.isnan(terms.share):
            _free_changed(rows, i, hit)
        state = _land(rows, i, terms, trades, orders, state)
        state = _close(rows, i, terms, trades, orders, state)
        state = _open(rows, i, terms, hit, trades, orders, state)
        unrealized = 0.0
        for place in range(state.n_open):
            exit_ = _exit(rows, trades.is_ab[place], i, i)
            unrealized += _pnl(trades, place, exit_, terms.cost)
        equity = (balance + state.realized) + unrealized
        peak = max(peak, equity)
        fall = (peak - equity) / peak * 100
        drawdown = max(drawdown, fall)
        if fall >= stop:
            stopped_row = float(rows.row[i])
            break
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
def _free_changed(rows: Rows, i: int, hit: Integers) -> None:
    """Forget which quotes were hit that are others on this row."""
    for leg in range(4):
        if hit[leg] >= 0 and not _stands(rows, leg, hit[leg], i):
            hit[leg] = -1


@compiled
def _land(
    rows: Rows, i: int, terms: _Terms, trades: _Trades, orders: _Orders, state: _State
) -> _State:
    """Let the orders take effect whose flight is over; the others may meet this row's quotes."""
    now, landed = rows.time_ns[i], 0
    while landed < state.n_orders and now - orders.decided[landed] > terms.flight_ns:
        if orders.kind[landed] == OPENS:
            state = _filled(rows, trades, orders, landed, state)
        else:
            place = _place_of(trades, state.n_open, orders.number[landed])
            met_a, met_b = orders.met_a[landed], orders.met_b[landed]
            state = _closed(rows, terms, trades, place, met_a, met_b, state)
        landed += 1
    for k in range(landed, state.n_orders):
        if 0 < terms.latency_a_ns >= now - orders.decided[k]:
            orders.met_a[k] = i
        if 0 < terms.latency_b_ns >= now - orders.decided[k]:
            orders.met_b[k] = i
    return _without(orders, landed, state) if landed else state


@compiled
def _close(
    rows: Rows, i: int, terms: _Terms, trades: _Trades, orders: _Orders, state: _State
) -> _State:
    """Decide which open trades are to be closed."""
    now, place = rows.time_ns[i], 0
    while place < state.n_open:
        is_due = _spread(rows, trades.is_ab[place], i) < terms.exit_spread or (
            0 <= terms.holding_ns <= now - trades.decided[place]
        )
        if trades.leaves[place] or not is_due:
            place += 1
        elif terms.flight_ns > 0:
            trades.leaves[place] = 1
            state = _sent(orders, CLOSES, trades.number[place], 0, 0.0, now, i, state)
            place += 1
        else:
            state = _closed(rows, terms, trades, place, i, i, state)
    return state


@compiled
def _open(
    rows: Rows,
    i: int,
    terms: _Terms,
    hit: Integers,
    trades: _Trades,
    orders: _Orders,
    state: _State,
) -> _State:
    """Decide whether a trade is to be opened."""
    spread_ab, spread_ba = _spread(rows, 1, i), _spread(rows, 0, i)
    has_slot = state.n_open + state.n_entries < terms.slots
    if not (has_slot and max(spread_ab, spread_ba) >= terms.threshold):
        return state
    is_ab, notional = int(spread_ab >= spread_ba), terms.most_usd
    if not np.isnan(terms.share):
        first = ASK_A if is_ab else ASK_B
        notional = _notional(rows, i, is_ab, terms.share, terms.most_usd, terms.least_usd)
        if hit[first] >= 0 or hit[first + 1] >= 0 or not notional > 0:
            return state
        hit[first] = hit[first + 1] = i
    state = _sent(orders, OPENS, state.decided, is_ab, notional, rows.time_ns[i], i, state)
    if terms.flight_ns == 0:
        # No other order is in flight where an order takes no time.
        state = _without(orders, 1, _filled(rows, trades, orders, 0, state))
    return state


@compiled
def _spread(rows: Rows, is_ab: int, i: int) -> float:
    """The entry spread of a side."""
    if is_ab:
        return float((rows.bid_b[i] - rows.ask_a[i]) / rows.ask_a[i] * BPS)
    return float((rows.bid_a[i] - rows.ask_b[i]) / rows.ask_b[i] * BPS)


@compiled
def _sent(
    orders: _Orders,
    kind: int,
    number: int,
    is_ab: int,
    notional: float,
    now: int,
    i: int,
    state: _State,
) -> _State:
    """Send an order; one to open is a decision more."""
    k = state.n_orders
    orders.kind[k], orders.number[k], orders.is_ab[k] = kind, number, is_ab
    orders.notional[k], orders.decided[k] = notional, now
    orders.met_a[k] = orders.met_b[k] = i
    entry = int(kind == OPENS)
    return _State(
        n_open=state.n_open,
        n_orders=k + 1,
        n_entries=state.n_entries + entry,
        decided=state.decided + entry,
        opened=state.opened,
        closed=state.closed,
        wins=state.wins,
        realized=state.realized,
        beyond=state.beyond,
    )


@compiled
def _filled(rows: Rows, trades: _Trades, orders: _Orders, k: int, state: _State) -> _State:
    """Open the trade of an order at the quotes that it met."""
    at_a, at_b, place = orders.met_a[k], orders.met_b[k], state.n_open
    if orders.is_ab[k]:
        ask, bid = rows.ask_a[at_a], rows.bid_b[at_b]
    else:
        ask, bid = rows.ask_b[at_b], rows.bid_a[at_a]
    trades.number[place], trades.is_ab[place] = orders.number[k], orders.is_ab[k]
    trades.entry[place], trades.price[place] = (bid - ask) / ask * BPS, ask
    trades.notional[place], trades.decided[place] = orders.notional[k], orders.decided[k]
    trades.leaves[place] = 0
    return _State(
        n_open=place + 1,
        n_orders=state.n_orders,
        n_entries=state.n_entries - 1,
        decided=state.decided,
        opened=state.opened + 1,
        closed=state.closed,
        wins=state.wins,
        realized=state.realized,
        beyond=state.beyond,
    )


@compiled
def _closed(
    rows: Rows, terms: _Terms, trades: _Trades, place: int, at_a: int, at_b: int, state: _State
) -> _State:
    """Close a trade at the quotes of these rows."""
    pnl = _pnl(trades, place, _exit(rows, trades.is_ab[place], at_a, at_b), terms.cost)
    beyond = False
    if not np.isnan(terms.share):
        beyond = _is_beyond(rows, trades, place, terms.share, at_a, at_b)
    _remove(trades, state.n_open, place)
    return _State(
        n_open=state.n_open - 1,
        n_orders=state.n_orders,
        n_entries=state.n_entries,
        decided=state.decided,
        opened=state.opened,
        closed=state.closed + 1,
        wins=state.wins + (pnl > 0),
        realized=state.realized + pnl,
        beyond=state.beyond + beyond,
    )


@compiled
def _without(orders: _Orders, landed: int, state: _State) -> _State:
    """Forget the first orders, which have landed."""
    left = state.n_orders - landed
    for k in range(left):
        orders.kind[k], orders.number[k] = orders.kind[k + landed], orders.number[k + landed]
        orders.is_ab[k], orders.notional[k] = orders.is_ab[k + landed], orders.notional[k + landed]
        orders.decided[k] = orders.decided[k + landed]
        orders.met_a[k], orders.met_b[k] = orders.met_a[k + landed], orders.met_b[k + landed]
    return _State(
        n_open=state.n_open,
        n_orders=left,
        n_entries=state.n_entries,
        decided=state.decided,
        opened=state.opened,
        closed=state.closed,
        wins=state.wins,
        realized=state.realized,
        beyond=state.beyond,
    )


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
    notional = min(most, (share * size) * ask)
    return notional if notional >= least else 0.0


@compiled
def _place_of(trades: _Trades, n_open: int, number: int) -> int:
    place = 0
    while place < n_open and trades.number[place] != number:
        place += 1
    return place


@compiled
def _remove(trades: _Trades, n_open: int, gone: int) -> None:
    for place in range(gone, n_open - 1):
        trades.number[place], trades.is_ab[place] = (
            trades.number[place + 1],
            trades.is_ab[place + 1],
        )
        trades.entry[place], trades.price[place] = trades.entry[place + 1], trades.price[place + 1]
        trades.notional[place] = trades.notional[place + 1]
        trades.decided[place] = trades.decided[place + 1]
        trades.leaves[place] = trades.leaves[place + 1]


@compiled
def _exit(rows: Rows, is_ab: int, at_a: int, at_b: int) -> float:
    """What the short leg's ask stands above the long leg's bid."""
    if is_ab:
        return float(rows.ask_b[at_b] - rows.bid_a[at_a])
    return float(rows.ask_a[at_a] - rows.bid_b[at_b])


@compiled
def _pnl(trades: _Trades, place: int, exit_: float, cost: float) -> float:
    pnl_bps = trades.entry[place] - exit_ / trades.price[place] * BPS - cost
    return float(pnl_bps / BPS * trades.notional[place])


@compiled
def _is_beyond(rows: Rows, trades: _Trades, place: int, share: float, at_a: int, at_b: int) -> bool:
    quantity = trades.notional[place] / trades.price[place]
    if trades.is_ab[place]:
        bid_size, ask_size = rows.bid_size_a[at_a], rows.ask_size_b[at_b]
    else:
        bid_size, ask_size = rows.bid_size_b[at_b], rows.ask_size_a[at_a]
    return bool(quantity > share * bid_size or quantity > share * ask_size)
