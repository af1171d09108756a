"""Snapshot files as a sequence of `OrderBookSnapshot`, columnar underneath."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import overload

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arbitrage.data.columns import COLUMNS, SCHEMA, TIMESTAMP
from arbitrage.data.files.data_file import opened_data_file
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.quote_row import OrderBookSnapshot
from arbitrage.data.readers.block_reader import read_blocks
from arbitrage.data.rules.moment_columns import moments_of

__all__ = ["DataLimits", "SnapshotTable", "load_snapshots"]

_ROWS_AT_ONCE = 65_536  # rows that iteration turns into Python objects at a time


class SnapshotTable(Sequence[OrderBookSnapshot]):
    """The rows of one data file.

    Attributes:
        frame: The columns `timestamp` (the text of the file), `best_bid_a`, `best_ask_a`,
            `best_bid_b`, `best_ask_b` (Float64), and of `OPTIONAL_COLUMNS` those that the file has
            (Float64; an age that is not known is NaN).
        data_sha256: Hex digest of the file's bytes as they are stored.
    """

    def __init__(self, frame: pl.DataFrame, data_sha256: str) -> None:
        self.frame = frame
        self.data_sha256 = data_sha256

    def __len__(self) -> int:
        return self.frame.height

    def moments_ns(self) -> NDArray[np.int64]:
        """The times of all rows in nanoseconds since 1970; `moment_ns` of each timestamp.

        Raises:
            DataError: 64 bits do not hold them.
        """
        return moments_of(self.frame[TIMESTAMP])

    @overload
    def __getitem__(self, index: int) -> OrderBookSnapshot: ...

    @overload
    def __getitem__(self, index: slice) -> list[OrderBookSnapshot]: ...

    def __getitem__(self, index: int | slice) -> OrderBookSnapshot | list[OrderBookSnapshot]:
        if isinstance(index, slice):
            return list(_snapshots(self.frame[index]))
        if not -len(self) <= index < len(self):
            raise IndexError(f"row {index} of a table of {len(self)}")
        return next(_snapshots(self.frame.slice(index, 1)))

    def __iter__(self) -> Iterator[OrderBookSnapshot]:
        for part in self.frame.iter_slices(_ROWS_AT_ONCE):
            yield from _snapshots(part)


def _snapshots(frame: pl.DataFrame) -> Iterator[OrderBookSnapshot]:
    """The rows as snapshots, with None for the columns that the file does not have."""
    fields = COLUMNS if len(frame.columns) == len(COLUMNS) else SCHEMA
    columns = [frame[name].to_list() if name in frame.columns else repeat(None) for name in fields]
    return map(OrderBookSnapshot, *columns)


def load_snapshots(
    path: str | os.PathLike[str], limits: DataLimits | None = None, *, name: str | None = None
) -> SnapshotTable:
    """Read a snapshot file.

    Args:
        path: CSV (plain, gzip or zstd) or Parquet.
        limits: Bounds on the file.
        name: What messages call the file, when that is not its path.

    Raises:
        FileNotFoundError: `Data file not found: PATH`.
        DataError: (a `ValueError`) The file cannot be used; `Invalid row N: ...` for a bad row.
        OSError: The file system failed in a way that may pass.
    """
    bounds = limits or DataLimits()
    shown_name = os.fspath(path) if name is None else name
    with opened_data_file(path, bounds, shown_name) as file:
        frame = pl.concat([block.frame() for block in read_blocks(file, bounds)])
        return SnapshotTable(frame, file.sha256)
