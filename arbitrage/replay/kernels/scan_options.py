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
        put(_scan_one(rows, parameters, options, c, trades, orders), tally, c)


@compiled
def _scan_one(
    rows: Rows, parameters: Parameters, options: Options, c: int, trades: _Trades, orders: _Orders
) -> RunTotals[float]:
    threshold, cost = parameters.threshold[c], 2 * parameters.cost[c]
    most, balance, stop = parameters.notional[c], parameters.balance[c], parameters.stop[c]
    slots = parameters.slots[c]
    exit_spread, holding = options.exit_spread[c], options.holding_ns[c]
    latency_a, latency_b = options.latency_a_ns[c], options.latency_b_ns[c]
    flight = max(latency_a, latency_b)
    max_age, share, least = options.max_age_ms[c], options.size_share[c], options.least_usd[c]
    respects_size = not np.isnan(share)
    hit = np.full(4, -1, np.int64)  # the row on which a quote was hit
    opened = closed = wins = beyond = realized = unrealized = drawdown = 0.0
    peak, stopped_row = balance, -1.0
    n_open = n_orders = n_entries = number = 0
    for i in range(len(rows.row)):
        if np.isfinite(max_age) and not rows.age_ms[i] <= max_age:
            continue
        now = rows.time_ns[i]
        if respects_size:
            for leg in range(4):
                if hit[leg] >= 0 and not _stands(rows, leg, hit[leg], i):
                    hit[leg] = -1
        # Land
        landed = 0
        while landed < n_orders and now - orders.decided[landed] > flight:
            k = landed
            landed += 1
            if orders.kind[k] == OPENS:
                n_entries -= 1
                n_open = _fill(rows, trades, n_open, orders, k)
                opened += 1
            else:
                place = _place_of(trades, n_open, orders.number[k])
                exit_ = _exit(rows, trades.is_ab[place], orders.met_a[k], orders.met_b[k])
                pnl = _pnl(trades, place, exit_, cost)
                if respects_size:
                    beyond += _is_beyond(
                        rows, trades, place, share, orders.met_a[k], orders.met_b[k]
                    )
                n_open = _remove(trades, n_open, place)
                realized += pnl
                closed += 1
                wins += pnl > 0
        if landed:
            n_orders = _forget(orders, n_orders, landed)
        for k in range(n_orders):
            if latency_a > 0 and now - orders.decided[k] <= latency_a:
                orders.met_a[k] = i
            if latency_b > 0 and now - orders.decided[k] <= latency_b:
                orders.met_b[k] = i
        # Close
        spread_ab = (rows.bid_b[i] - rows.ask_a[i]) / rows.ask_a[i] * BPS
        spread_ba = (rows.bid_a[i] - rows.ask_b[i]) / rows.ask_b[i] * BPS
        place = 0
        while place < n_open:
            spread = spread_ab if trades.is_ab[place] else spread_ba
            is_due = spread < exit_spread or (
                holding >= 0 and now - trades.decided[place] >= holding
            )
            if trades.leaves[place] or not is_due:
                place += 1
            elif flight > 0:
                trades.leaves[place] = 1
                n_orders = _send(orders, n_orders, CLOSES, trades.number[place], 0, 0.0, now, i)
                place += 1
            else:
                pnl = _pnl(trades, place, _exit(rows, trades.is_ab[place], i, i), cost)
                if respects_size:
                    beyond += _is_beyond(rows, trades, place, share, i, i)
                n_open = _remove(trades, n_open, place)
                realized += pnl
                closed += 1
                wins += pnl > 0
        # Open
        if n_open + n_entries < slots and max(spread_ab, spread_ba) >= threshold:
            is_ab = 1 if spread_ab >= spread_ba else 0
            notional = most
            if respects_size:
                notional = _notional(rows, i, is_ab, share, most, least)
                first = ASK_A if is_ab else ASK_B
                if hit[first] >= 0 or hit[first + 1] >= 0:
                    notional = 0.0
                elif notional > 0:
                    hit[first] = hit[first + 1] = i
            if notional > 0:
                number += 1
                n_orders = _send(orders, n_orders, OPENS, number, is_ab, notional, now, i)
                n_entries += 1
                if flight == 0:
                    n_open = _fill(rows, trades, n_open, orders, n_orders - 1)
                    n_orders -= 1
                    n_entries -= 1
                    opened += 1
        # Mark
        unrealized = 0.0
        for place in range(n_open):
            unrealized += _pnl(trades, place, _exit(rows, trades.is_ab[place], i, i), cost)
        equity = (balance + realized) + unrealized
        peak = max(peak, equity)
        fall = (peak - equity) / peak * 100
        drawdown = max(drawdown, fall)
        # Stop
        if fall >= stop:
            stopped_row = float(rows.row[i])
            break
    return RunTotals(opened, closed, wins, realized, unrealized, drawdown, stopped_row, beyond)


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
def _send(
    orders: _Orders,
    count: int,
    kind: int,
    number: int,
    is_ab: int,
    notional: float,
    now: int,
    i: int,
) -> int:
    orders.kind[count], orders.number[count], orders.is_ab[count] = kind, number, is_ab
    orders.notional[count], orders.decided[count] = notional, now
    orders.met_a[count] = orders.met_b[count] = i
    return count + 1


@compiled
def _forget(orders: _Orders, count: int, landed: int) -> int:
    for k in range(count - landed):
        orders.kind[k], orders.number[k] = orders.kind[k + landed], orders.number[k + landed]
        orders.is_ab[k], orders.notional[k] = orders.is_ab[k + landed], orders.notional[k + landed]
        orders.decided[k] = orders.decided[k + landed]
        orders.met_a[k], orders.met_b[k] = orders.met_a[k + landed], orders.met_b[k + landed]
    return count - landed


@compiled
def _fill(rows: Rows, trades: _Trades, n_open: int, orders: _Orders, k: int) -> int:
    """Open the trade of an order at the quotes that it met."""
    at_a, at_b = orders.met_a[k], orders.met_b[k]
    if orders.is_ab[k]:
        ask, bid = rows.ask_a[at_a], rows.bid_b[at_b]
    else:
        ask, bid = rows.ask_b[at_b], rows.bid_a[at_a]
    trades.number[n_open], trades.is_ab[n_open] = orders.number[k], orders.is_ab[k]
    trades.entry[n_open], trades.price[n_open] = (bid - ask) / ask * BPS, ask
    trades.notional[n_open], trades.decided[n_open] = orders.notional[k], orders.decided[k]
    trades.leaves[n_open] = 0
    return n_open + 1


@compiled
def _place_of(trades: _Trades, n_open: int, number: int) -> int:
    place = 0
    while place < n_open and trades.number[place] != number:
        place += 1
    return place


@compiled
def _remove(trades: _Trades, n_open: int, gone: int) -> int:
    for place in range(gone, n_open - 1):
        trades.number[place], trades.is_ab[place] = (
            trades.number[place + 1],
            trades.is_ab[place + 1],
        )
        trades.entry[place], trades.price[place] = trades.entry[place + 1], trades.price[place + 1]
        trades.notional[place] = trades.notional[place + 1]
        trades.decided[place] = trades.decided[place + 1]
        trades.leaves[place] = trades.leaves[place + 1]
    return n_open - 1


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
