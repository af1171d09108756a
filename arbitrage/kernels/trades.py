"""The replay that touches trades alone: it goes from window to window, not from row to row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arbitrage.compiled import compiled
from arbitrage.kernels.layout import (
    BEST,
    BLOCK,
    BPS,
    FALL,
    FLIPS,
    GROSS,
    NOISE,
    PLACE,
    SPREAD,
    WINDOW,
    WORST,
    Floats,
    Integers,
    Parameters,
    Tally,
    Windows,
)

# What a bound on a drawdown has to spare over the rounding of what it bounds, relative to itself
# and to the money that it is made of; the dozen operations in between err by 1e-15.
MARGIN, SLACK = 1.0 + 1e-9, 1e-12


class Terms(NamedTuple):
    """One config; `cost` is that of both executions, in bps."""

    threshold: float
    cost: float
    notional: float
    slots: int
    balance: float
    stop: float


class Positions(NamedTuple):
    """Room for open trades: the entry spread and the price of the long leg, the oldest first."""

    entry: Floats
    price: Floats


@compiled
def replay_trades(windows: Windows, parameters: Parameters, order: Integers, tally: Tally) -> None:
    """Run every config; `order` lists them by threshold, rising.

    So the trades of one are looked for among those of the one before: the windows that reach a
    threshold are some of those that reach a lower one.
    """
    if len(order) == 0:
        return
    cursors, count = _first_cursors(windows, parameters.threshold[order[0]])
    room = 1
    if parameters.slots.max() > 1:
        room = min(parameters.slots.max(), _longest_window(windows))
    positions = Positions(np.empty(room), np.empty(room))
    for c in order:
        terms = Terms(
            parameters.threshold[c],
            2 * parameters.cost[c],
            parameters.notional[c],
            parameters.slots[c],
            parameters.balance[c],
            parameters.stop[c],
        )
        count = _narrow(windows.reach, terms.threshold, cursors, count)
        if terms.slots == 1:
            _replay_one_slot(windows, terms, cursors[:count], positions, tally, c)
        else:
            _replay_slots(windows, terms, cursors[:count], positions, tally, c)


@compiled
def _longest_window(windows: Windows) -> int:
    longest = 0
    for window in range(len(windows.end_row)):
        longest = max(longest, windows.first_place[window + 1] - windows.first_place[window])
    return longest


@compiled
def _first_cursors(windows: Windows, threshold: float) -> tuple[Integers, int]:
    """The first records of the windows that reach the threshold, in the order of time; how many."""
    peak, block_peak = windows.peak, windows.block_peak
    cursors = np.empty(_count_reaching(windows, threshold) + 1, np.int64)
    count = 0
    for block in range(len(block_peak)):
        if block_peak[block] < threshold:
            continue
        for window in range(block * BLOCK, min((block + 1) * BLOCK, len(peak))):
            # Without a branch, which would be mispredicted: the next one overwrites what is not it.
            cursors[count] = windows.first_record[window]
            count += peak[window] >= threshold
    return cursors, count


@compiled
def _count_reaching(windows: Windows, threshold: float) -> int:
    """How many windows there may be that reach the threshold."""
    count = 0
    for block in range(len(windows.block_peak)):
        if windows.block_peak[block] >= threshold:
            count += BLOCK
    return count


@compiled
def _narrow(reach: Floats, threshold: float, cursors: Integers, count: int) -> int:
    """Move each cursor to its window's record that reaches the threshold, or drop the window."""
    kept = 0
    for i in range(count):
        k = cursors[i]
        if reach[k, 1] < threshold:
            continue
        while reach[k, 0] < threshold:
            k += 1
        cursors[kept] = k
        kept += 1
    return kept


@compiled
def _fall_pct(peak: float, equity: float) -> float:
    return (peak - equity) / peak * 100


@compiled
def _worth(exit_: float, positions: Positions, n_open: int, terms: Terms) -> float:
    """What closing the open trades at this exit would pay, the oldest first."""
    total = 0.0
    for k in range(n_open):
        pnl_bps = positions.entry[k] - exit_ / positions.price[k] * BPS - terms.cost
        total += pnl_bps / BPS * terms.notional
    return total


@compiled
def _bounded(
    best: float, worst: float, fall: float, base: float, peak: float, drawdown: float, stop: float
) -> tuple[bool, float, float]:
    """Judge a stretch of rows by its extremes: whether that is enough; if so, peak and drawdown.

    `best` and `worst` are its highest and its lowest equity, `fall` bounds the fall between two of
    its rows, and `base` is the equity without the open trades; all in USD.
    """
    if best <= peak:  # which stands for the whole stretch, then
        deepest = _fall_pct(peak, worst)
        return deepest < stop, peak, max(drawdown, deepest)
    spare = SLACK * (abs(base) + abs(best) + abs(worst) + peak)
    bound = (max(peak - worst, fall) * MARGIN + spare) / peak * 100 * MARGIN
    return bound <= drawdown and bound < stop, best, drawdown


@compiled
def _walk(
    windows: Windows,
    place: int,
    end: int,
    positions: Positions,
    n_open: int,
    terms: Terms,
    account: tuple[float, float, float],
) -> tuple[int, float, float]:
    """Mark row by row, the same trades being open: where it stopped (or -1), peak, drawdown.

    Equity is close to a line over the exit, `height - slope * exit`: where that lies well between
    the peak and the deepest fall so far, the row is neither.
    """
    base, peak, drawdown = account
    height, slope = base, 0.0
    for k in range(n_open):
        height += (positions.entry[k] - terms.cost) / BPS * terms.notional
        slope += terms.notional / positions.price[k]
    farthest = max(abs(windows.exit_max[place]), abs(windows.exit_min[place]))
    spare = SLACK * (abs(base) + abs(height) + slope * farthest + peak)
    low, high = peak - peak * drawdown / 100 + spare, peak - spare
    for here in range(place, end):
        line = height - slope * windows.exit[here]
        if low < line < high:
            continue
        equity = base + _worth(windows.exit[here], positions, n_open, terms)
        peak = max(peak, equity)
        fall = _fall_pct(peak, equity)
        drawdown = max(drawdown, fall)
        if fall >= terms.stop:
            return here, peak, drawdown
        low, high = peak - peak * drawdown / 100 + spare, peak - spare
        rest = here + 1
        if (
            rest < end
            and height - slope * windows.exit_max[rest] > low
            and slope * windows.exit_rise[rest] * MARGIN < peak - low
        ):  # nothing new is left but perhaps a peak
            equity = base + _worth(windows.exit_min[rest], positions, n_open, terms)
            return -1, max(peak, equity), drawdown
    return -1, peak, drawdown


@compiled
def _limits(peak: float, drawdown: float) -> tuple[float, float, float]:
    """Which falls and equities are nothing new: a fall below the first, an equity in between.

    An equity above the second and below the third is neither a deeper fall nor a new peak. All
    three have room for the rounding of what is compared with them.
    """
    spare = SLACK * peak
    fall = peak * drawdown * 0.01 - spare
    return fall, peak - fall, peak - spare


@compiled
def _replay_one_slot(
    windows: Windows,
    terms: Terms,
    cursors: Integers,
    positions: Positions,
    tally: Tally,
    c: int,
) -> None:
    """One config with one slot: most trades need no more than their extremes, nearly exact."""
    records = windows.records
    realized = unrealized = drawdown = 0.0
    opened = closed = wins = 0
    base = peak = terms.balance
    stopped_row = -1
    flips = False
    usd_per_bps = terms.notional / BPS
    fall, low, high = _limits(peak, drawdown)
    for i in range(len(cursors)):
        k = cursors[i]
        opened += 1
        best = base + (records[k, BEST] - terms.cost) * usd_per_bps
        worst = base + (records[k, WORST] - terms.cost) * usd_per_bps
        rises = best >= high
        enough, peak_then, drawdown_then = True, peak, drawdown
        if not rises and not flips:  # the peak stands for the whole trade, then
            lowest = base + (records[k, WORST] - terms.cost) / BPS * terms.notional
            deepest = _fall_pct(peak, lowest)
            drawdown_then = max(drawdown, deepest)
            enough = deepest < terms.stop
        elif flips or worst <= low or records[k, FALL] * usd_per_bps * MARGIN >= fall:
            enough, peak_then, drawdown_then = _bounded(
                base + (records[k, BEST] - terms.cost) / BPS * terms.notional,
                base + (records[k, WORST] - terms.cost) / BPS * terms.notional,
                records[k, FALL] / BPS * terms.notional,
                base,
                peak,
                drawdown,
                terms.stop,
            )
            rises = False
        if not enough:
            _take(windows, k, positions)
            place, end = (
                int(records[k, PLACE]),
                windows.first_place[int(records[k, WINDOW]) + 1],
            )
            stopped, peak_then, drawdown_then = _walk(
                windows, place, end, positions, 1, terms, (base, peak, drawdown)
            )
            if stopped >= 0:
                stopped_row = windows.row[stopped]
                drawdown = drawdown_then
                unrealized = _worth(windows.exit[stopped], positions, 1, terms)
                break
        peak, drawdown = peak_then, drawdown_then
        if np.isnan(records[k, GROSS]):  # the file ends before its last window does
            _take(windows, k, positions)
            unrealized = _worth(windows.exit[-1], positions, 1, terms)
            break
        base_before = base
        pnl = (records[k, GROSS] - terms.cost) / BPS * terms.notional
        realized += pnl
        closed += 1
        wins += pnl > 0
        base = terms.balance + realized
        after = cursors[i + 1] if i + 1 < len(cursors) else k
        flips = records[after, FLIPS] == 1.0 and records[after, WINDOW] == records[k, WINDOW] + 1
        if rises and (flips or base <= best * (1 + SLACK)):
            # Else the close stands above whatever the trade had reached.
            peak_inside = base_before + (records[k, BEST] - terms.cost) / BPS * terms.notional
            peak = max(peak, peak_inside)
        if not flips:
            peak = max(peak, base)
            drawdown = max(drawdown, _fall_pct(peak, base))
            if drawdown >= terms.stop:
                stopped_row = windows.end_row[int(records[k, WINDOW])]
                break
        fall, low, high = _limits(peak, drawdown)
    tally.opened[c], tally.closed[c], tally.wins[c] = opened, closed, wins
    tally.realized[c], tally.unrealized[c] = realized, unrealized
    tally.drawdown[c], tally.stopped_row[c] = drawdown, stopped_row


@compiled
def _take(windows: Windows, k: int, positions: Positions) -> None:
    """Make the trade that opens at a record the only position."""
    positions.entry[0] = windows.records[k, SPREAD]
    positions.price[0] = windows.price[int(windows.records[k, PLACE])]


@compiled
def _replay_slots(
    windows: Windows,
    terms: Terms,
    cursors: Integers,
    positions: Positions,
    tally: Tally,
    c: int,
) -> None:
    records = windows.records
    realized = unrealized = drawdown = 0.0
    opened = closed = wins = 0
    base = peak = terms.balance
    stopped_row = -1
    for i in range(len(cursors)):
        window = int(records[cursors[i], WINDOW])
        place, end = int(records[cursors[i], PLACE]), windows.first_place[window + 1]
        n_open, stopped = 0, -1
        while place < end and stopped < 0:
            if windows.spread[place] >= terms.threshold:
                positions.entry[n_open] = windows.spread[place]
                positions.price[n_open] = windows.price[place]
                n_open += 1
                if n_open == terms.slots:
                    break  # the same trades are open from here to the end
            equity = base + _worth(windows.exit[place], positions, n_open, terms)
            peak = max(peak, equity)
            fall = _fall_pct(peak, equity)
            drawdown = max(drawdown, fall)
            if fall >= terms.stop:
                stopped = place
            place += 1
        if place < end and stopped < 0:
            stopped, peak, drawdown = _hold(
                windows, place, end, positions, n_open, terms, (base, peak, drawdown)
            )
        opened += n_open
        if stopped >= 0 or windows.end_row[window] < 0:
            last = end - 1 if stopped < 0 else stopped
            unrealized = _worth(windows.exit[last], positions, n_open, terms)
            stopped_row = -1 if stopped < 0 else windows.row[stopped]
            break
        end_exit = windows.end_exit[window]
        for k in range(n_open):
            pnl_bps = positions.entry[k] - end_exit / positions.price[k] * BPS - terms.cost
            pnl = pnl_bps / BPS * terms.notional
            realized += pnl
            closed += 1
            wins += pnl > 0
        base = terms.balance + realized
        after = cursors[i + 1] if i + 1 < len(cursors) else cursors[i]
        if not (records[after, FLIPS] == 1.0 and records[after, WINDOW] == window + 1):
            peak = max(peak, base)
            fall = _fall_pct(peak, base)
            drawdown = max(drawdown, fall)
            if fall >= terms.stop:
                stopped_row = windows.end_row[window]
                break
    tally.opened[c], tally.closed[c], tally.wins[c] = opened, closed, wins
    tally.realized[c], tally.unrealized[c] = realized, unrealized
    tally.drawdown[c], tally.stopped_row[c] = drawdown, stopped_row


@compiled
def _hold(
    windows: Windows,
    place: int,
    end: int,
    positions: Positions,
    n_open: int,
    terms: Terms,
    account: tuple[float, float, float],
) -> tuple[int, float, float]:
    """What `_walk` finds, from the extremes of the stretch's exits where they suffice.

    The stretch ends with its window.
    """
    base, peak, drawdown = account
    farthest = max(abs(windows.exit_max[place]), abs(windows.exit_min[place]))
    fall = noise = 0.0
    for k in range(n_open):
        fall += windows.exit_rise[place] / positions.price[k] * terms.notional
        noise += (positions.entry[k] / BPS + farthest / positions.price[k]) * terms.notional
    enough, peak_then, drawdown_then = _bounded(
        base + _worth(windows.exit_min[place], positions, n_open, terms),
        base + _worth(windows.exit_max[place], positions, n_open, terms),
        fall + NOISE * noise,
        base,
        peak,
        drawdown,
        terms.stop,
    )
    if enough:
        return -1, peak_then, drawdown_then
    return _walk(windows, place, end, positions, n_open, terms, account)
