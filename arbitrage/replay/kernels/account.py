"""How open trades move the equity of one config, its peak and its drawdown."""

from __future__ import annotations

from typing import NamedTuple

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.layout import (
    BPS,
    FLIPS,
    HIGHEST,
    LOWEST,
    REST,
    RISE,
    WINDOW,
    Floats,
    RunTotals,
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


class Run(NamedTuple):
    """How far a run has come: `base` is the equity without the open trades.

    `window` is that of the last trade. Once the run is over, because it has stopped or because its
    last trade never closes, nothing changes it any more; `stopped_row` is -1 unless it has stopped.
    """

    opened: float
    closed: float
    wins: float
    realized: float
    unrealized: float
    base: float
    peak: float
    drawdown: float
    window: int
    stopped_row: float
    is_over: bool


class Positions(NamedTuple):
    """Room for open trades: the entry spread and the price of the long leg, the oldest first."""

    entry: Floats
    price: Floats


@compiled
def begun(terms: Terms) -> Run:
    """A run before its first trade."""
    balance = terms.balance
    return Run(0.0, 0.0, 0.0, 0.0, 0.0, balance, balance, 0.0, 0, -1.0, False)


@compiled
def stopped_between(windows: Windows, run: Run) -> Run:
    """A run that a drawdown stops where no trade is open: on the row that closed its last ones."""
    row = float(windows.end_row[run.window])
    return Run(
        run.opened, run.closed, run.wins, run.realized, 0.0, run.base, run.peak, run.drawdown,
        run.window, row, True,
    )  # fmt: skip


@compiled
def totals_of(windows: Windows, terms: Terms, run: Run) -> RunTotals[float]:
    """What a run has come to after the last opening."""
    if not run.is_over:
        peak, drawdown = marked(run.base, run.peak, run.drawdown)
        run = Run(
            run.opened, run.closed, run.wins, run.realized, 0.0, run.base, peak, drawdown,
            run.window, -1.0, False,
        )  # fmt: skip
        if drawdown >= terms.stop:
            run = stopped_between(windows, run)
    return RunTotals(
        run.opened, run.closed, run.wins, run.realized, run.unrealized, run.drawdown,
        run.stopped_row, 0.0,
    )  # fmt: skip


@compiled
def put(totals: RunTotals[float], tally: Tally, run: int) -> None:
    """Keep what a run came to."""
    for field in range(len(totals)):
        tally[field, run] = totals[field]


@compiled
def fall_pct(peak: float, equity: float) -> float:
    return (peak - equity) / peak * 100


@compiled
def marked(equity: float, peak: float, drawdown: float) -> tuple[float, float]:
    """The peak and the drawdown after a row at this equity."""
    peak = max(peak, equity)
    return peak, max(drawdown, fall_pct(peak, equity))


@compiled
def is_marked_between(records: Floats, window_before: int, k: int) -> bool:
    """Whether a row is marked between the trades of two windows, when none is open.

    Not if one closes them and opens those at record `k`: it is marked once, after both.
    """
    return bool(records[k, FLIPS] == 0.0 or records[k, WINDOW] != window_before + 1)


@compiled
def worth(exit_: float, positions: Positions, n_open: int, terms: Terms) -> float:
    """What closing the open trades at this exit would pay, the oldest first."""
    total = 0.0
    for k in range(n_open):
        pnl_bps = positions.entry[k] - exit_ / positions.price[k] * BPS - terms.cost
        total += pnl_bps / BPS * terms.notional
    return total


@compiled
def brings_nothing_new(
    best: float, worst: float, fall: float, base: float, peak: float, drawdown: float
) -> bool:
    """Whether the drawdown cannot grow on a stretch of rows, nor reach a stop that it has not.

    `best` and `worst` are its highest and its lowest equity, `fall` bounds the fall between two of
    its rows, and `base` is the equity without the open trades; all in USD.
    """
    spare = SLACK * (abs(base) + abs(best) + abs(worst) + peak)
    return (max(peak - worst, fall) * MARGIN + spare) * 100 * MARGIN <= drawdown * peak


@compiled
def has_to_be_walked(
    best: float,
    worst: float,
    fall: float,
    deepest: float,
    base: float,
    peak: float,
    drawdown: float,
    stop: float,
) -> bool:
    """Whether the extremes of a stretch of rows do not tell the peak and the drawdown after it.

    `deepest` is the fall in percent from the peak to `worst`, which the caller needs as well.
    """
    quiet = brings_nothing_new(best, worst, fall, base, peak, drawdown)
    return (best > peak) & (not quiet) or deepest >= stop


@compiled
def walk(
    windows: Windows,
    place: int,
    end: int,
    positions: Positions,
    n_open: int,
    terms: Terms,
    account: tuple[float, float, float],
    extremes: tuple[float, float],
) -> tuple[int, float, float]:
    """Mark row by row, the same trades being open: where it stopped (or -1), peak, drawdown.

    Equity is close to a line over the exit, `height - slope * exit`: where that lies well between
    the peak and the deepest fall so far, the row is neither. `extremes` are its highest and its
    lowest on these rows, which bound `slope * exit`.
    """
    base, peak, drawdown = account
    height, slope = base, 0.0
    for k in range(n_open):
        height += (positions.entry[k] - terms.cost) / BPS * terms.notional
        slope += terms.notional / positions.price[k]
    farthest = abs(height) + max(abs(extremes[0]), abs(extremes[1]))
    spare = SLACK * (abs(base) + abs(height) + farthest + peak)
    low, high = peak - peak * drawdown / 100 + spare, peak - spare
    here = place
    while here < end:
        if low < height - slope * windows.exit[here] < high:
            here += 1
            continue
        # A row that is news is seldom alone.
        until = min(end, (here // REST + 1) * REST)
        for row in range(here, until):
            line = height - slope * windows.exit[row]
            if low < line < high:
                continue
            equity = base + worth(windows.exit[row], positions, n_open, terms)
            peak, drawdown = marked(equity, peak, drawdown)
            if drawdown >= terms.stop:
                return row, peak, drawdown
            low, high = peak - peak * drawdown / 100 + spare, peak - spare
        here = until
        if here == end:
            break
        kept = windows.rests[here // REST]
        if height - slope * kept[HIGHEST] > low and slope * kept[RISE] * MARGIN < peak - low:
            # nothing new is left but perhaps a peak
            equity = base + worth(kept[LOWEST], positions, n_open, terms)
            return -1, max(peak, equity), drawdown
    return -1, peak, drawdown
