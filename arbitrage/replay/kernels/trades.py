"""The replay that touches trades alone: it goes from window to window, not from row to row."""

from __future__ import annotations

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.account import Positions, Terms, put
from arbitrage.replay.kernels.layout import Integers, Parameters, Tally, Windows
from arbitrage.replay.kernels.many_slots import replay_many_slots
from arbitrage.replay.kernels.one_slot import replay_one_slot
from arbitrage.replay.kernels.openings import look_up, narrow


@compiled
def replay_trades(windows: Windows, parameters: Parameters, order: Integers, tally: Tally) -> None:
    """Run every config; `order` lists them by threshold, rising.

    So the openings of one are looked for among those of the one before.
    """
    if len(order) == 0:
        return
    levels = windows.levels
    openings = np.empty(windows.level_start[1], np.int64)
    count, level = len(openings) + 1, -1
    positions = _room(windows, parameters.slots.max())
    for c in order:
        terms = Terms(
            parameters.threshold[c],
            2 * parameters.cost[c],
            parameters.notional[c],
            parameters.slots[c],
            parameters.balance[c],
            parameters.stop[c],
        )
        if level + 1 < len(levels) and levels[level + 1] <= terms.threshold:
            level = int(np.searchsorted(levels, terms.threshold, side="right")) - 1
            count = look_up(windows, level, openings, count)
        count = narrow(windows.records, terms.threshold, openings, count)
        if terms.slots == 1:
            totals = replay_one_slot(windows, terms, openings[:count], positions)
        else:
            totals = replay_many_slots(windows, terms, openings[:count], positions)
        put(totals, tally, c)


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
