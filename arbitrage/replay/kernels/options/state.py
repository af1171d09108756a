"""The open trades and the orders in flight of a plain scan, and how each step changes them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.layout import BPS, Floats, Integers, Rows

OPENS, CLOSES = 0, 1


class Trades(NamedTuple):
    """The open trades, oldest first; `number` is their place among all that were decided."""

    number: Integers
    is_ab: Integers
    entry: Floats
    price: Floats
    notional: Floats
    decided: Integers
    leaves: Integers


class Orders(NamedTuple):
    """The orders in flight, in the order of their decisions; rows are places in `Rows`."""

    kind: Integers
    number: Integers
    is_ab: Integers
    notional: Floats
    decided: Integers
    met_a: Integers
    met_b: Integers


class Terms(NamedTuple):
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
    max_age_ms: float
    balance: float
    stop: float


class State(NamedTuple):
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
def sent(
    orders: Orders,
    kind: int,
    number: int,
    is_ab: int,
    notional: float,
    now: int,
    i: int,
    state: State,
) -> State:
    """Send an order; one to open is a decision more."""
    k = state.n_orders
    orders.kind[k], orders.number[k], orders.is_ab[k] = kind, number, is_ab
    orders.notional[k], orders.decided[k] = notional, now
    orders.met_a[k] = orders.met_b[k] = i
    entry = int(kind == OPENS)
    return State(
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
def filled(rows: Rows, trades: Trades, orders: Orders, k: int, state: State) -> State:
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
    return State(
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
def closed(
    rows: Rows, terms: Terms, trades: Trades, place: int, at_a: int, at_b: int, state: State
) -> State:
    """Close a trade at the quotes of these rows."""
    pnl = pnl_of(trades, place, exit_at(rows, trades.is_ab[place], at_a, at_b), terms.cost)
    beyond = False
    if not np.isnan(terms.share):
        beyond = is_beyond(rows, trades, place, terms.share, at_a, at_b)
    remove(trades, state.n_open, place)
    return State(
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
def without(orders: Orders, landed: int, state: State) -> State:
    """Forget the first orders, which have landed."""
    left = state.n_orders - landed
    for k in range(left):
        orders.kind[k], orders.number[k] = orders.kind[k + landed], orders.number[k + landed]
        orders.is_ab[k], orders.notional[k] = orders.is_ab[k + landed], orders.notional[k + landed]
        orders.decided[k] = orders.decided[k + landed]
        orders.met_a[k], orders.met_b[k] = orders.met_a[k + landed], orders.met_b[k + landed]
    return State(
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
def settled(state: State) -> State:
    """Count profits anew."""
    return State(
        n_open=state.n_open,
        n_orders=state.n_orders,
        n_entries=state.n_entries,
        decided=state.decided,
        opened=state.opened,
        closed=state.closed,
        wins=state.wins,
        realized=0.0,
        beyond=state.beyond,
    )


@compiled
def place_of(trades: Trades, n_open: int, number: int) -> int:
    place = 0
    while place < n_open and trades.number[place] != number:
        place += 1
    return place


@compiled
def remove(trades: Trades, n_open: int, gone: int) -> None:
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
def exit_at(rows: Rows, is_ab: int, at_a: int, at_b: int) -> float:
    """What the short leg's ask stands above the long leg's bid."""
    if is_ab:
        return float(rows.ask_b[at_b] - rows.bid_a[at_a])
    return float(rows.ask_a[at_a] - rows.bid_b[at_b])


@compiled
def pnl_of(trades: Trades, place: int, exit_: float, cost: float) -> float:
    pnl_bps = trades.entry[place] - exit_ / trades.price[place] * BPS - cost
    return float(pnl_bps / BPS * trades.notional[place])


@compiled
def is_beyond(rows: Rows, trades: Trades, place: int, share: float, at_a: int, at_b: int) -> bool:
    quantity = trades.notional[place] / trades.price[place]
    if trades.is_ab[place]:
        bid_size, ask_size = rows.bid_size_a[at_a], rows.ask_size_b[at_b]
    else:
        bid_size, ask_size = rows.bid_size_b[at_b], rows.ask_size_a[at_a]
    return bool(quantity > share * bid_size or quantity > share * ask_size)
