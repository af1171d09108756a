"""Finds the windows of a file and what the replay needs of each, block by block.

First forward: `find_windows` takes the rows of a block and goes on where the block before ended.
Then backward over the same blocks, because extremes up to the end of a window are known from its
end on: `fill_rests`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.layout import (
    BEST,
    BPS,
    FALL,
    FLIPS,
    GROSS,
    HIGHEST,
    LOWEST,
    NOISE,
    PLACE,
    REST,
    RISE,
    SPREAD,
    WINDOW,
    WORST,
    Floats,
    Integers,
    Quotes,
)


class At(NamedTuple):
    """Where the search stands between two blocks.

    `side` is that of the last row (see `_side`) and `highest` the highest spread of its window so
    far; `windows`, `places` and `records` count those of the whole file.
    """

    side: int
    highest: float
    windows: int
    places: int
    records: int


class Found(NamedTuple):
    """Room for what is found in a block, as long as that, by the names of `Windows`.

    `peak` is the highest spread of each window that ended; `first_record` its first record, of each
    that began. Of `records` the long leg's price stands in `GROSS`, and what is known at the end of
    the window alone is missing.
    """

    first_place: Integers
    first_row: Integers
    first_record: Integers
    end_exit: Floats
    end_row: Integers
    peak: Floats
    spread: Floats
    price: Floats
    exit: Floats
    records: Floats


@compiled
def find_windows(quotes: Quotes, at: At, found: Found) -> tuple[At, int]:
    """Fill `found`; where the search stands then, and how many windows have ended."""
    side_before, highest, windows, places, records = at
    began = ended = place = record = 0
    for i in range(len(quotes.best)):
        side = _side(quotes, i)
        ends = side_before not in (0, side)
        if ends:
            exits = quotes.exit_ab if side_before == 1 else quotes.exit_ba
            found.end_row[ended], found.end_exit[ended] = quotes.row[i], exits[i]
            found.peak[ended] = highest
            ended += 1
        if side != 0:
            if side != side_before:
                found.first_place[began] = places + place
                found.first_row[began] = quotes.row[i]
                found.first_record[began] = records + record
                began += 1
                highest = -1.0
            spread = quotes.best[i]
            price = quotes.ask_a[i] if side == 1 else quotes.ask_b[i]
            found.spread[place], found.price[place] = spread, price
            found.exit[place] = quotes.exit_ab[i] if side == 1 else quotes.exit_ba[i]
            if spread > highest:
                highest = spread
                found.records[record, SPREAD] = spread
                found.records[record, GROSS] = price
                found.records[record, PLACE] = places + place
                found.records[record, WINDOW] = windows + began - 1
                found.records[record, FLIPS] = 1.0 if ends else 0.0
                record += 1
            place += 1
        side_before = side
    return At(side_before, highest, windows + began, places + place, records + record), ended


@compiled
def _side(quotes: Quotes, i: int) -> int:
    """1 where LONG_A_SHORT_B's spread is at or above zero, -1 where the other side's is, else 0."""
    if quotes.spread_ab[i] >= 0:
        return 1
    return -1 if quotes.spread_ba[i] >= 0 else 0


class Rest(NamedTuple):
    """The extremes of `exit` from a place to the end of its window, and that window."""

    highest: float
    lowest: float
    rise: float
    window: int


@compiled
def fill_rests(
    exits: Floats,
    place: int,
    first_place: Integers,
    end_exit: Floats,
    window: int,
    rest: Rest,
    rests: Floats,
    records: Floats,
) -> Rest:
    """Fill the rests and the records of a block of places; the rest of its first place.

    Args:
        exits: Of the block.
        place: The first one of the block.
        first_place: Of the window of that place and those after it up to the block's end, and of
            the one after these, or the number of places.
        end_exit: Of the same windows, but the one after.
        window: The number of the first of them.
        rest: That of the place after the block.
        rests: Those of the block; each gets its `HIGHEST`, `LOWEST` and `RISE`.
        records: Those of the block, as `find_windows` leaves them.
    """
    highest, lowest, rise, here = rest
    kept, record = len(rests) - 1, len(records) - 1
    for k in range(len(exits) - 1, -1, -1):
        if first_place[here - window] > place + k:
            here -= 1
            highest, lowest, rise = -np.inf, np.inf, 0.0
        value = exits[k]
        rise = max(rise, highest - value)
        highest, lowest = max(highest, value), min(lowest, value)
        if (place + k) % REST == 0:
            rests[kept, HIGHEST], rests[kept, LOWEST], rests[kept, RISE] = highest, lowest, rise
            kept -= 1
        if record >= 0 and records[record, PLACE] == place + k:
            _fill_record(records[record], end_exit[here - window], highest, lowest, rise)
            record -= 1
    return Rest(highest, lowest, rise, here)


@compiled
def _fill_record(
    record: Floats, end_exit: float, highest: float, lowest: float, rise: float
) -> None:
    """What a trade that opens there can come to, before costs, as the engine computes it."""
    entry, price = record[SPREAD], record[GROSS]
    record[GROSS] = entry - end_exit / price * BPS
    record[BEST] = entry - lowest / price * BPS
    record[WORST] = entry - highest / price * BPS
    farthest = max(abs(highest), abs(lowest)) / price * BPS
    record[FALL] = rise / price * BPS + NOISE * (entry + farthest)
