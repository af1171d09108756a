"""The plain scan: every tradable row in turn, any option of the engine."""

from __future__ import annotations

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.account import put
from arbitrage.replay.kernels.layout import (
    BPS,
    Floats,
    Parameters,
    Prices,
    Quotes,
    RunTotals,
    Tally,
)


@compiled
def is_tradable(bid_a: float, ask_a: float, bid_b: float, ask_b: float) -> bool:
    return 0.0 < bid_a < ask_a < np.inf and 0.0 < bid_b < ask_b < np.inf


@compiled
def fill_quotes(prices: Prices, quotes: Quotes) -> int:
    """Fill `quotes`, as long as the file, from its prices; how many rows are tradable."""
    count = 0
    for i in range(len(prices.bid_a)):
        bid_a, ask_a, bid_b, ask_b = (
            prices.bid_a[i],
            prices.ask_a[i],
            prices.bid_b[i],
            prices.ask_b[i],
        )
        if not is_tradable(bid_a, ask_a, bid_b, ask_b):
            continue
        spread_ab = (bid_b - ask_a) / ask_a * BPS
        spread_ba = (bid_a - ask_b) / ask_b * BPS
        quotes.best[count] = max(spread_ab, spread_ba)
        quotes.spread_ab[count] = spread_ab
        quotes.spread_ba[count] = spread_ba
        quotes.exit_ab[count] = ask_b - bid_a
        quotes.exit_ba[count] = ask_a - bid_b
        quotes.ask_a[count] = ask_a
        quotes.ask_b[count] = ask_b
        quotes.row[count] = i
        count += 1
    return count


@compiled
def scan(quotes: Quotes, parameters: Parameters, closes_on_reversal: bool, tally: Tally) -> None:
    """Run every config over every row."""
    slots = 1
    for c in range(len(parameters.slots)):
        slots = max(slots, min(parameters.slots[c], len(quotes.best)))
    entries, prices = np.empty(slots), np.empty(slots)
    for c in range(len(parameters.threshold)):
        if parameters.slots[c] == 1:
            totals = _scan_one_slot(quotes, parameters, c, closes_on_reversal)
        else:
            totals = _scan_slots(quotes, parameters, c, closes_on_reversal, entries, prices)
        put(totals, tally, c)


@compiled
def _scan_one_slot(
    quotes: Quotes, parameters: Parameters, c: int, closes_on_reversal: bool
) -> RunTotals[float]:
    threshold, notional = parameters.threshold[c], parameters.notional[c]
    balance, stop = parameters.balance[c], parameters.stop[c]
    cost = 2 * parameters.cost[c]
    best, rows = quotes.best, len(quotes.best)
    realized = unrealized = drawdown = 0.0
    opened = closed = wins = 0
    base = peak = balance
    stopped = -1
    i = 0
    while True:
        while i < rows and best[i] < threshold:
            i += 1  # flat: equity stands still
        if i == rows:
            break
        opened += 1
        is_ab = quotes.spread_ab[i] >= quotes.spread_ba[i]
        exits = quotes.exit_ab if is_ab else quotes.exit_ba
        price = quotes.ask_a[i] if is_ab else quotes.ask_b[i]
        spreads = quotes.spread_ab if is_ab else quotes.spread_ba
        entry = best[i]
        i, stopped, peak, drawdown = _scan_open(
            spreads, exits, i, closes_on_reversal, entry, price, cost, notional,
            base, peak, drawdown, stop,
        )  # fmt: skip
        last = rows - 1 if stopped < 0 else stopped
        if stopped >= 0 or i == rows:
            unrealized = (entry - exits[last] / price * BPS - cost) / BPS * notional
            break
        pnl = (entry - exits[i] / price * BPS - cost) / BPS * notional
        realized += pnl
        closed += 1
        wins += pnl > 0
        base = balance + realized
        if best[i] < threshold:  # else the next trade opens on this very row
            peak = max(peak, base)
            fall = (peak - base) / peak * 100
            drawdown = max(drawdown, fall)
            if fall >= stop:
                stopped = i
                break
    stopped_row = -1.0 if stopped < 0 else float(quotes.row[stopped])
    return RunTotals(
        float(opened), float(closed), float(wins), realized, unrealized, drawdown, stopped_row, 0.0
    )


@compiled
def _scan_open(
    spreads: Floats,
    exits: Floats,
    start: int,
    closes_on_reversal: bool,
    entry: float,
    price: float,
    cost: float,
    notional: float,
    base: float,
    peak: float,
    drawdown: float,
    stop: float,
) -> tuple[int, int, float, float]:
    """Mark while the trade is open: the row that closes it, where it stopped, peak, drawdown."""
    nearly = 1 - 1e-12
    low = peak - peak * drawdown / 100 * nearly  # at this equity or below, a fall may be deeper
    for i in range(start, len(exits)):
        if closes_on_reversal and spreads[i] < 0:
            return i, -1, peak, drawdown
        equity = base + (entry - exits[i] / price * BPS - cost) / BPS * notional
        if low < equity <= peak:
            continue
        peak = max(peak, equity)
        fall = (peak - equity) / peak * 100
        drawdown = max(drawdown, fall)
        if fall >= stop:
            return i, i, peak, drawdown
        low = peak - peak * drawdown / 100 * nearly
    return len(exits), -1, peak, drawdown


@compiled
def _scan_slots(
    quotes: Quotes,
    parameters: Parameters,
    c: int,
    closes_on_reversal: bool,
    entries: Floats,
    prices: Floats,
) -> RunTotals[float]:
    threshold, notional = parameters.threshold[c], parameters.notional[c]
    balance, stop, slots = parameters.balance[c], parameters.stop[c], parameters.slots[c]
    cost = 2 * parameters.cost[c]
    best = quotes.best
    realized = unrealized = drawdown = 0.0
    opened = closed = wins = n_open = 0
    peak = balance
    stopped_row = -1.0
    side_ab = np.empty(len(entries), np.bool_)
    for i in range(len(best)):
        if closes_on_reversal and n_open:
            kept = 0
            for k in range(n_open):
                spread = quotes.spread_ab[i] if side_ab[k] else quotes.spread_ba[i]
                if spread < 0:
                    exit_ = quotes.exit_ab[i] if side_ab[k] else quotes.exit_ba[i]
                    pnl = (entries[k] - exit_ / prices[k] * BPS - cost) / BPS * notional
                    realized += pnl
                    closed += 1
                    wins += pnl > 0
                else:
                    entries[kept], prices[kept] = entries[k], prices[k]
                    side_ab[kept] = side_ab[k]
                    kept += 1
            n_open = kept
        if n_open < slots and best[i] >= threshold:
            side_ab[n_open] = quotes.spread_ab[i] >= quotes.spread_ba[i]
            entries[n_open] = best[i]
            prices[n_open] = quotes.ask_a[i] if side_ab[n_open] else quotes.ask_b[i]
            n_open += 1
            opened += 1
        unrealized = 0.0
        for k in range(n_open):
            exit_ = quotes.exit_ab[i] if side_ab[k] else quotes.exit_ba[i]
            unrealized += (entries[k] - exit_ / prices[k] * BPS - cost) / BPS * notional
        equity = (balance + realized) + unrealized
        peak = max(peak, equity)
        fall = (peak - equity) / peak * 100
        drawdown = max(drawdown, fall)
        if fall >= stop:
            stopped_row = float(quotes.row[i])
            break
    return RunTotals(
        float(opened), float(closed), float(wins), realized, unrealized, drawdown, stopped_row, 0.0
    )
