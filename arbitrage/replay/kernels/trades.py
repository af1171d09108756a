"""The replay that touches trades alone: it goes from window to window, not from row to row."""

from __future__ import annotations

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.account import Positions, Run, Terms, begun, put, totals_of
from arbitrage.replay.kernels.layout import Integers, Parameters, PeriodSheet, Tally, Windows
from arbitrage.replay.kernels.many_slots import replay_many_slots
from arbitrage.replay.kernels.one_slot import replay_one_slot
from arbitrage.replay.kernels.openings import look_up, narrow
from arbitrage.replay.kernels.period_sheet import (
    earn_by_many_slots,
    earn_by_one_slot,
    end_until,
)


@compiled
def replay_trades(
    windows: Windows,
    parameters: Parameters,
    order: Integers,
    tally: Tally,
    stretch: int,
    sheet: PeriodSheet | None,
) -> None:
    """Run every config; `order` lists them by threshold, rising.

    So the openings of one are looked for among those of the one before. All configs go through a
    stretch of so many windows before any goes on: its records stay in a core's cache.

    With a sheet it is filled, and the totals say nothing.
    """
    if len(order) == 0:
        return
    positions = _room(windows, parameters.slots.max())
    runs = [begun(_terms(parameters, c)) for c in range(len(order))]
    firsts = windows.openings[: windows.level_start[1]]  # a record of each window
    openings = np.empty(min(stretch, len(firsts)), np.int64)
    for start in range(0, len(firsts), stretch):
        stop = min(start + stretch, len(firsts))
        until = firsts[stop] if stop < len(firsts) else len(windows.records)
        _run_on(
            windows, parameters, order, firsts[start:stop], until, openings, positions, runs, sheet
        )
    for c in order:
        put(totals_of(windows, _terms(parameters, c), runs[c]), tally, c)
        if sheet is not None:
            end_until(sheet, c, sheet.ends[-1], sheet.realized[c])


@compiled
def _run_on(
    windows: Windows,
    parameters: Parameters,
    order: Integers,
    firsts: Integers,
    until: int,
    openings: Integers,
    positions: Positions,
    runs: list[Run],
    sheet: PeriodSheet | None,
) -> None:
    """Run every config through the windows of a stretch, whose records end before `until`."""
    levels = windows.levels
    count, level = len(firsts) + 1, -1  # none yet: the first config looks its level up
    for c in order:
        terms = _terms(parameters, c)
        if level + 1 < len(levels) and levels[level + 1] <= terms.threshold:
            level = int(np.searchsorted(levels, terms.threshold, side="right")) - 1
            count = look_up(windows, level, firsts[0], until, openings, count)
        count = narrow(windows.records, terms.threshold, openings, count)
        if runs[c].is_over:
            continue
        if sheet is not None:
            _earn_on(windows, terms, openings[:count], positions, sheet, c)
        elif terms.slots == 1:
            runs[c] = replay_one_slot(windows, terms, openings[:count], positions, runs[c])
        else:
            runs[c] = replay_many_slots(windows, terms, openings[:count], positions, runs[c])


@compiled
def _earn_on(
    windows: Windows,
    terms: Terms,
    openings: Integers,
    positions: Positions,
    sheet: PeriodSheet,
    c: int,
) -> None:
    if terms.slots == 1:
        earn_by_one_slot(windows, terms, openings, sheet, c)
    else:
        earn_by_many_slots(windows, terms, openings, positions, sheet, c)


@compiled
def _terms(parameters: Parameters, c: int) -> Terms:
    return Terms(
        parameters.threshold[c],
        2 * parameters.cost[c],
        parameters.notional[c],
        parameters.slots[c],
        parameters.balance[c],
        parameters.stop[c],
    )


@compiled
def _room(windows: Windows, slots: int) -> Positions:
    """Room for as many trades as can be open at once."""
    room = 1
    if slots > 1:
        longest = 0
        for window in range(len(windows.end_row)):
            longest = max(longest, windows.first_place[window + 1] - windows.first_place[window])
        room = min(slots, longest)
    return Positions(np.empty(room), np.empty(room))
