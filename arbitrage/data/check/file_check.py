"""A file is read once, in batches, and every counter sees each of them."""

from __future__ import annotations

import os
from collections.abc import Iterable

import polars as pl

from arbitrage.data.check.batch import Batch, Counter, Venue, batches
from arbitrage.data.check.counts.ages import AgeCounter
from arbitrage.data.check.counts.books import BookCounter, Books
from arbitrage.data.check.counts.histogram import histogram
from arbitrage.data.check.counts.jumps import JumpCounter
from arbitrage.data.check.counts.repeats import RepeatCounter
from arbitrage.data.check.counts.sizes import SizeCounter
from arbitrage.data.check.counts.spreads import SpreadCounter, Spreads
from arbitrage.data.check.counts.stillness import StillnessCounter
from arbitrage.data.check.counts.times import TimeCounter
from arbitrage.data.check.document import Above, FileCheck, Rows, SpreadFigures, VenueQuotes
from arbitrage.data.check.numbers.distribution import Distribution
from arbitrage.data.check.numbers.round_figures import round_figure_from, round_figures
from arbitrage.data.columns import OPTIONAL_COLUMNS
from arbitrage.data.files.data_file import opened_data_file
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.readers.block_reader import read_blocks

_ROWS_AT_ONCE = 65_536
_POWERS_BELOW = (
    2  # of ten: from the round figure of the largest spread down to the least that is told
)
_LEAST_ROWS, _ONE_IN = 10, 10_000  # that reach a spread which is worth a threshold


def check_file(
    path: str | os.PathLike[str],
    cost_bps: float,
    limits: DataLimits | None = None,
    *,
    name: str | None = None,
) -> FileCheck:
    """Read a snapshot file and count what docs/data.md lists.

    Args:
        path: CSV (plain, gzip or zstd) or Parquet.
        cost_bps: The cost of one execution, at which rows would open a trade.
        limits: Bounds on the file.
        name: What messages call the file, when that is not its path.

    Raises:
        FileNotFoundError, DataError, OSError: As `load_snapshots`.
    """
    shown_name = os.fspath(path) if name is None else name
    bounds, counters = limits or DataLimits(), Counters(cost_bps)
    with opened_data_file(path, bounds, shown_name) as file:
        frames = (block.frame() for block in read_blocks(file, bounds))
        counters.add_all(part for frame in frames for part in frame.iter_slices(_ROWS_AT_ONCE))
        return counters.check(shown_name, file.sha256)


class Counters:
    """All counters of a file.

    Args:
        cost_bps: The cost of one execution.
    """

    def __init__(self, cost_bps: float) -> None:
        self._columns: list[str] = []
        self._cost_bps = cost_bps
        self._books, self._times, self._repeats = BookCounter(), TimeCounter(), RepeatCounter()
        self._still = {venue: StillnessCounter(venue) for venue in self._books.of_venue}
        self._jumps = {venue: JumpCounter(venue) for venue in self._books.of_venue}
        self._ages, self._sizes, self._spreads = (
            AgeCounter(),
            SizeCounter(cost_bps),
            SpreadCounter(),
        )

    def add_all(self, frames: Iterable[pl.DataFrame]) -> None:
        """Count the rows of a file that comes in parts, which are frames of a `SnapshotTable`."""
        for batch in batches(frames):
            self._add(batch)

    def _add(self, batch: Batch) -> None:
        self._columns = batch.frame.columns
        counters: tuple[Counter, ...] = (
            self._books,
            self._times,
            self._repeats,
            *self._still.values(),
            *self._jumps.values(),
            self._ages,
            self._sizes,
            self._spreads,
        )
        for counter in counters:
            counter.add(batch)

    def check(self, name: str, data_sha256: str) -> FileCheck:
        """What they have counted, once."""
        spreads = self._spreads.spreads(self._cost_bps)
        return FileCheck(
            data_file=name,
            data_sha256=data_sha256,
            columns=[name for name in OPTIONAL_COLUMNS if name in self._columns],
            rows=self._rows(),
            times=self._times.times(),
            venues={v: self._venue(v, books) for v, books in self._books.of_venue.items()},
            ages=self._ages.ages(),
            sizes=self._sizes.sizes(),
            spreads=self._spread_figures(spreads),
            opening=spreads.opening,
        )

    def _rows(self) -> Rows:
        books, skipped = self._books, self._books.skipped
        return Rows(
            snapshots_count=books.rows,
            skipped_snapshots=books.rows - books.tradable,
            empty_snapshots=skipped.empty,
            crossed_snapshots=skipped.crossed,
            locked_snapshots=skipped.locked,
            repeated_rows=self._repeats.rows,
            unchanged_prices=self._repeats.prices,
        )

    def _venue(self, venue: Venue, books: Books) -> VenueQuotes:
        still, jumps = self._still[venue], self._jumps[venue]
        unusual = jumps.unusual()
        return VenueQuotes(
            empty=books.empty,
            crossed=books.crossed,
            locked=books.locked,
            longest_still_seconds=still.seconds,
            longest_still_from=still.since,
            usual_move_bps=unusual.usual,
            jump_bound_bps=unusual.bound,
            jumps=unusual.exceeding,
            largest_move_bps=jumps.largest_bps,
            largest_move_at=jumps.largest_at,
        )

    def _spread_figures(self, spreads: Spreads) -> SpreadFigures:
        better = spreads.better
        return SpreadFigures(
            largest_bps=self._spreads.largest_bps,
            largest_at=self._spreads.largest_at,
            worth_a_threshold_bps=_worth_a_threshold_bps(better),
            crossing_rows=better.above(0.0),
            above=[Above(level, better.above(level)) for level in _levels(better)],
            long_a_short_b=spreads.long_a_short_b.quantiles(),
            long_b_short_a=spreads.long_b_short_a.quantiles(),
            better=better.quantiles(),
            histogram=histogram(spreads),
        )


def _worth_a_threshold_bps(better: Distribution) -> float | None:
    """The spread that enough rows reach for more than luck."""
    if not len(better):
        return None
    return better.reached_by(min(len(better), max(_LEAST_ROWS, len(better) // _ONE_IN)))


def _levels(better: Distribution) -> list[float]:
    """0, and the round figures below the largest spread, over two powers of ten."""
    largest = better.at(1_000) if len(better) else 0.0
    if largest <= 0:
        return [0.0]
    power = round_figure_from(largest).adjusted()
    figures = map(float, round_figures(power - _POWERS_BELOW, power))
    return [0.0, *(figure for figure in figures if figure < largest)]
