"""Which records a threshold opens trades at: the first of each window that reaches it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.layout import SPREAD, WINDOW, Floats, Integers, Windows

# A level has this share of the openings of the one below, and the last one no fewer than these.
SHARE, FEWEST = 15 / 16, 2


@compiled
def narrow(records: Floats, threshold: float, openings: Integers, count: int) -> int:
    """Move the openings of a lower threshold to those of this one; how many there are."""
    kept = 0
    for i in range(count):
        k = openings[i]
        if records[k, SPREAD] < threshold:
            k = _next_to_reach(records, threshold, k)
            if k < 0:
                continue
        openings[kept] = k
        kept += 1
    return kept


@compiled
def _next_to_reach(records: Floats, threshold: float, k: int) -> int:
    """The next record of the same window that reaches the threshold, or -1."""
    window = records[k, WINDOW]
    while k < len(records) and records[k, WINDOW] == window:
        if records[k, SPREAD] >= threshold:
            return k
        k += 1
    return -1


@compiled
def look_up(
    windows: Windows, level: int, start: int, until: int, openings: Integers, count: int
) -> int:
    """Replace openings by those of a level if these are fewer; how many there are.

    Only those between two records, of which each is the first of its window.
    """
    of_level = windows.openings[windows.level_start[level] : windows.level_start[level + 1]]
    first, end = np.searchsorted(of_level, start), np.searchsorted(of_level, until)
    if end - first >= count:
        return count
    openings[: end - first] = of_level[first:end]
    return int(end - first)


def levels_of(peaks: Floats) -> Floats:
    """`levels` of `Windows`, from the highest spread of each window."""
    ordered = np.sort(peaks)
    levels = [0.0]
    size = len(ordered) * SHARE
    while size >= FEWEST:
        levels.append(ordered[len(ordered) - int(size)])
        size *= SHARE
    return np.unique(levels)


def openings_of(records: Floats, levels: Floats, first_records: Integers) -> Iterator[Integers]:
    """The openings of each level in turn; a list of them is valid until the next is asked for."""
    openings, count = first_records, len(first_records)
    for level in levels:
        count = narrow(records, level, openings, count)
        yield openings[:count]
