"""Quotes put in order without holding them all: sorted runs on disk, read window by window.

Each run is a Parquet file of at most `RUN_ROWS` quotes. Runs may overlap in time: what of a window
stands in several of them is put in order again when the window is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from arbitrage.data.align.one_venue.ordering import OTHER, TIME, last_of_each_stamp
from arbitrage.data.venues.quotes import ASK, ASK_SIZE, BID, BID_SIZE, SEQUENCE

RUN_ROWS = 2_000_000
GROUP_ROWS = 32_768
"""Rows of a row group, which is read whole or not at all."""

COLUMNS = (TIME, OTHER, SEQUENCE, BID, BID_SIZE, ASK, ASK_SIZE)


@dataclass(frozen=True, slots=True)
class Run:
    """One file of quotes in order, and the time of its every `GROUP_ROWS`th one."""

    path: Path
    first: int
    last: int
    marks: pl.Series


@dataclass(frozen=True, slots=True)
class Runs:
    """All quotes of a venue.

    Attributes:
        runs: Where they are.
        rows: How many were taken in.
        sizes: The sizes that at least one of them has.
        tick_ns: The coarsest of 1, 1,000 and 1,000,000 ns that divides all stamps.
    """

    runs: Sequence[Run]
    rows: int
    sizes: frozenset[str]
    tick_ns: int

    @property
    def first(self) -> int:
        return min(run.first for run in self.runs)

    @property
    def last(self) -> int:
        return max(run.last for run in self.runs)

    def window(self, after: int, until: int) -> pl.DataFrame:
        """The quotes with `after < time <= until`, the last one of each stamp, in order."""
        paths = [run.path for run in self.runs if run.last > after and run.first <= until]
        if not paths:
            return pl.DataFrame(schema=_schema())
        is_within = (pl.col(TIME) > after) & (pl.col(TIME) <= until)
        return last_of_each_stamp(pl.scan_parquet(paths).filter(is_within).collect())


def _schema() -> dict[str, pl.DataType]:
    integers = dict.fromkeys((TIME, OTHER, SEQUENCE), pl.Int64())
    return {**integers, **dict.fromkeys((BID, BID_SIZE, ASK, ASK_SIZE), pl.Float64())}


@dataclass
class RunWriter:
    """Takes quotes in any order and writes runs.

    Attributes:
        folder: Where the files go.
        label: What their names begin with.
    """

    folder: Path
    label: str
    rows: int = 0
    _runs: list[Run] = field(default_factory=list)
    _waiting: list[pl.DataFrame] = field(default_factory=list)
    _sizes: set[str] = field(default_factory=set)
    _tick_ns: int = 1_000_000

    def take(self, quotes: pl.DataFrame) -> None:
        """Take in quotes with the columns of `COLUMNS`."""
        self.rows += quotes.height
        self._waiting.append(quotes.select(COLUMNS))
        if sum(part.height for part in self._waiting) >= RUN_ROWS:
            self._write()

    def finish(self) -> Runs:
        """What was taken in."""
        if any(part.height for part in self._waiting):
            self._write()
        return Runs(self._runs, self.rows, frozenset(self._sizes), self._tick_ns)

    def _write(self) -> None:
        quotes = pl.concat(self._waiting, rechunk=True)
        self._waiting.clear()
        self._look_at(quotes)
        run = last_of_each_stamp(quotes)
        path = self.folder / f"{self.label}-{len(self._runs)}.parquet"
        run.write_parquet(path, compression="lz4", row_group_size=GROUP_ROWS)
        times = run[TIME]
        self._runs.append(Run(path, times[0], times[-1], times.gather_every(GROUP_ROWS)))

    def _look_at(self, quotes: pl.DataFrame) -> None:
        for size in (BID_SIZE, ASK_SIZE):
            if quotes[size].fill_nan(None).null_count() < quotes.height:
                self._sizes.add(size)
        while self._tick_ns > 1 and quotes.select((pl.col(TIME) % self._tick_ns != 0).any()).item():
            self._tick_ns //= 1_000


def window_ends(venues: Sequence[Runs], rows: int) -> list[int]:
    """The last stamps of windows with about so many rows each; the last window ends with them all.

    A window may hold more: a group of each run that reaches into it.
    """
    marks = pl.concat([run.marks for venue in venues for run in venue.runs]).sort()
    ends = marks.gather_every(max(1, rows // GROUP_ROWS))[1:]
    return [*ends.unique().sort(), max(venue.last for venue in venues)]
