"""Looks up what is not kept for every place (a row in a window): extremes, its row number."""

from __future__ import annotations

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.layout import HIGHEST, LOWEST, REST, RISE, Windows


@compiled
def rest_of(windows: Windows, place: int, end: int) -> tuple[float, float, float]:
    """The extremes of `exit` from a place to the end of its window: highest, lowest, largest rise.

    Kept for one place in `REST`; up to the next of these they are joined with it here.
    """
    highest, lowest, rise = -np.inf, np.inf, 0.0
    kept = (place + REST - 1) // REST
    stop = end
    if kept * REST < end:
        stop = kept * REST
        highest, lowest = windows.rests[kept, HIGHEST], windows.rests[kept, LOWEST]
        rise = windows.rests[kept, RISE]
    for here in range(stop - 1, place - 1, -1):
        value = windows.exit[here]
        rise = max(rise, highest - value)
        highest, lowest = max(highest, value), min(lowest, value)
    return highest, lowest, rise


@compiled
def row_of(windows: Windows, window: int, place: int) -> float:
    """The number of a place's row in the file: its window's first, then on past what is skipped."""
    row = windows.first_row[window] + place - windows.first_place[window]
    skipped = np.searchsorted(windows.skipped, windows.first_row[window])
    while skipped < len(windows.skipped) and windows.skipped[skipped] <= row:
        row += 1
        skipped += 1
    return float(row)
