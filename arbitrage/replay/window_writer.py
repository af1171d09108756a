"""Writes the windows of a file, as `Windows` has them, while its rows come block by block."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from arbitrage.replay.arrays import Arrays
from arbitrage.replay.kernels.layout import (
    RECORD_FIELDS,
    REST,
    REST_FIELDS,
    Floats,
    Integers,
    Quotes,
    Windows,
)
from arbitrage.replay.kernels.openings import levels_of, openings_of
from arbitrage.replay.kernels.windows import At, Found, Rest, fill_rests, find_windows

_FIELDS = {"records": RECORD_FIELDS, "rests": REST_FIELDS}  # of a row of those that have several


class WindowWriter:
    """Takes the tradable rows of a file in their order.

    Memory holds the rows of a block, and 16 bytes for each window; 40 while the levels are made.

    Args:
        arrays: Where the fields of `Windows` are put, by their names.
    """

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self._written = {
            name: arrays.new(name, kind, _FIELDS.get(name)) for name, kind in _kinds().items()
        }
        self._blocks = [At(0, -1.0, 0, 0, 0)]
        self._first_records: list[Integers] = []
        self._peaks: list[Floats] = []

    def take(self, quotes: Quotes, skipped: Integers) -> None:
        """The rows of a block that are tradable, and the numbers of those that are not."""
        self._written["skipped"].append(skipped)
        rows, before = len(quotes.best), self._blocks[-1]
        found = _room(rows)
        at, ended = find_windows(quotes, before, found)
        self._blocks.append(at)
        began, places = at.windows - before.windows, at.places - before.places
        lengths = {"first_place": began, "first_row": began, "end_exit": ended, "end_row": ended}
        lengths |= dict.fromkeys(("spread", "price", "exit"), places)
        for name, length in {**lengths, "records": at.records - before.records}.items():
            self._written[name].append(getattr(found, name)[:length])
        self._first_records.append(found.first_record[:began].copy())
        self._peaks.append(found.peak[:ended].copy())

    def finish(self) -> None:
        """What is known at the end of the file alone."""
        at = self._blocks[-1]
        if at.side:  # the last window does not end
            self._written["end_exit"].append(np.array([np.nan]))
            self._written["end_row"].append(np.array([-1]))
            self._peaks.append(np.array([at.highest]))
        self._written["first_place"].append(np.array([at.places]))
        rest = Rest(-np.inf, np.inf, 0.0, at.windows)
        for before, after in reversed(list(pairwise(self._blocks))):
            rest = self._look_back(before, after, rest)
        self._finish_levels()

    def _look_back(self, before: At, after: At, rest: Rest) -> Rest:
        """Fill the rests and the records of one block."""
        if before.places == after.places:
            return rest
        written = self._written
        window = max(before.windows - 1, 0)
        kept, records = -(-before.places // REST), written["records"]
        rests = np.empty((-(-after.places // REST) - kept, REST_FIELDS))
        of_block = records.rows(before.records, after.records)
        rest = fill_rests(
            written["exit"].rows(before.places, after.places),
            before.places,
            written["first_place"].rows(window, after.windows + 1),
            written["end_exit"].rows(window, after.windows),
            window,
            rest,
            rests,
            of_block,
        )
        written["rests"].put(kept, rests)
        records.put(before.records, of_block)
        return rest

    def _finish_levels(self) -> None:
        levels = levels_of(np.concatenate([np.empty(0), *self._peaks]))
        self._peaks.clear()
        firsts = np.concatenate([np.empty(0, np.int64), *self._first_records])
        self._first_records.clear()
        records, starts = self._arrays.finish_one("records"), [0]
        for openings in openings_of(records, levels, firsts):
            self._written["openings"].append(openings)
            starts.append(starts[-1] + len(openings))
        self._written["levels"].append(levels)
        self._written["level_start"].append(np.array(starts))


def _kinds() -> dict[str, type[np.generic]]:
    """The fields of `Windows`, and what their numbers are."""
    integers = {"first_place", "first_row", "end_row", "skipped", "level_start", "openings"}
    return {name: np.int64 if name in integers else np.float64 for name in Windows._fields}


def _room(rows: int) -> Found:
    """Fresh arrays: not one of them is cleared, so what is not used takes no memory."""
    return Found(
        first_place=np.empty(rows, np.int64),
        first_row=np.empty(rows, np.int64),
        first_record=np.empty(rows, np.int64),
        end_exit=np.empty(rows),
        end_row=np.empty(rows, np.int64),
        peak=np.empty(rows),
        spread=np.empty(rows),
        price=np.empty(rows),
        exit=np.empty(rows),
        records=np.empty((rows, RECORD_FIELDS)),
    )
