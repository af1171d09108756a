"""Prepares data files: reads them and writes what is kept of them.

A file is read and its arrays are written block by block, so memory holds little of either. polars
and numba come with this module, which a file that is kept already does without.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from arbitrage.data.columns import AGES, OPTIONAL_COLUMNS, PRICES, SIZES
from arbitrage.data.files.data_file import DataFile
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.readers.ahead import ahead
from arbitrage.data.readers.block_reader import read_blocks
from arbitrage.data.rules.checked_rows import Block
from arbitrage.data.rules.moment_columns import check_reach
from arbitrage.errors import DataError
from arbitrage.replay.arrays import Arrays
from arbitrage.replay.files.prepared_file import FileFacts
from arbitrage.replay.files.prepared_rows import RowFacts
from arbitrage.replay.files.skipped_rows import SkippedRows, skipped_numbers, skipped_rows
from arbitrage.replay.files.timestamps import TimestampWriter
from arbitrage.replay.kernel_calls import quotes_of, read_only
from arbitrage.replay.kernels.layout import Floats, Integers, Prices, Rows
from arbitrage.replay.window_writer import WindowWriter


def prepare_file(file: DataFile, limits: DataLimits, arrays: Arrays) -> FileFacts:
    """Read a file and write what `PreparedFile` is made of.

    Args:
        file: What to read.
        limits: Bounds on it.
        arrays: Where to write.

    Raises:
        DataError: As `arbitrage.data.snapshot_table.load_snapshots`.
        CannotKeepError: It cannot be written there.
    """
    windows, timestamps, counts = WindowWriter(arrays), TimestampWriter(arrays), _Counts()
    for block in ahead(read_blocks(file, limits)):
        counts.take(windows, block)
        timestamps.take(block.stamps)
    windows.finish()
    return FileFacts(
        data_sha256=file.sha256,
        rows=counts.rows,
        skipped=sum(counts.skipped),
        content_bytes=file.content_bytes,
        **counts.skipped._asdict(),
        largest_spread_bps=counts.largest_spread_bps,
        forms=tuple(timestamps.runs),
    )


class _Counts:
    """What is counted of the blocks of a file, which are handed on to its windows."""

    def __init__(self) -> None:
        self.rows = 0
        self.skipped = SkippedRows(0, 0, 0)
        self.largest_spread_bps: float | None = None

    def take(self, windows: WindowWriter, block: Block) -> None:
        prices = prices_of(block)
        quotes, rows = quotes_of(prices), block.numbers.height
        skipped = skipped_numbers(rows, quotes.row)
        counts = skipped_rows(prices, skipped)
        self.skipped = SkippedRows(*map(sum, zip(self.skipped, counts, strict=True)))
        if len(quotes.best):
            highest, before = quotes.best.max().item(), self.largest_spread_bps
            self.largest_spread_bps = highest if before is None else max(highest, before)
        moved = quotes._replace(row=read_only(quotes.row + self.rows))
        windows.take(moved, skipped + self.rows)
        self.rows += rows


def prices_of(block: Block) -> Prices:
    """The prices of a block, for the kernels."""
    return Prices._make(read_only(block.numbers[column].to_numpy()) for column in PRICES)


def prepare_rows(file: DataFile, limits: DataLimits, arrays: Arrays) -> RowFacts:
    """Read a file and write what `PreparedRows` is made of; args and errors of `prepare_file`."""
    writer = _RowWriter(arrays)
    for block in ahead(read_blocks(file, limits)):
        writer.take(block)
    return RowFacts(
        data_sha256=file.sha256,
        rows=writer.rows,
        content_bytes=file.content_bytes,
        columns=writer.columns,
        out_of_reach=writer.out_of_reach(),
    )


class _RowWriter:
    """Takes the rows of a file in their order.

    Attributes:
        rows: How many they are.
        columns: The optional ones that the file has.
    """

    def __init__(self, arrays: Arrays) -> None:
        self.rows = 0
        self.columns: tuple[str, ...] = ()
        self._first = self._last = ""
        self._written = {
            name: arrays.new(name, np.int64 if name in {"time_ns", "row"} else np.float64)
            for name in (*Rows._fields, "skipped_age_ms")
        }

    def take(self, block: Block) -> None:
        """The rows of the next block."""
        prices, numbers = prices_of(block), block.numbers
        self.columns = tuple(name for name in OPTIONAL_COLUMNS if name in numbers.columns)
        row = quotes_of(prices).row
        kept = {**prices._asdict(), "time_ns": self._times(block)}
        kept |= {name: numbers[name].to_numpy() for name in SIZES if name in self.columns}
        if set(AGES) <= set(self.columns):
            kept["age_ms"] = _larger_age(numbers)
            skipped = skipped_numbers(len(numbers), row)
            self._written["skipped_age_ms"].append(kept["age_ms"][skipped])
        for name, column in kept.items():
            self._written[name].append(column if len(row) == len(column) else column[row])
        self._written["row"].append(row + self.rows)
        self.rows += len(numbers)

    def _times(self, block: Block) -> Integers:
        """The times of all rows; zeros where they cannot be used."""
        first, self._last = block.ends()
        self._first = self._first or first
        if self.out_of_reach() is not None:
            return np.zeros(block.numbers.height, np.int64)
        return block.stamps.moments_ns()

    def out_of_reach(self) -> str | None:
        """Why the times so far cannot be used, or None where they can."""
        try:
            check_reach(self._first, self._last)
        except DataError as error:
            return str(error)
        return None


def _larger_age(numbers: pl.DataFrame) -> Floats:
    """The larger age of each row, infinite where one is not known."""
    larger = np.maximum(*(numbers[name].to_numpy() for name in AGES))
    return np.where(np.isnan(larger), np.inf, larger)
