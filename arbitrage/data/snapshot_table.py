"""Snapshot files as a sequence of `OrderBookSnapshot`, columnar underneath.

The format is decided by the content: Parquet, gzip and zstd by their first bytes, as formats are
that cannot be read; else it is CSV.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from itertools import repeat
from pathlib import PurePath
from typing import overload

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arbitrage.data.columns import COLUMNS, SCHEMA, TIMESTAMP
from arbitrage.data.files.data_file import DataFile, DataLimits, read_data_file
from arbitrage.data.files.foreign_formats import foreign_format
from arbitrage.data.forks import check_fork
from arbitrage.data.quote_row import OrderBookSnapshot
from arbitrage.data.readers import csv_rows
from arbitrage.data.rules.moment_columns import moments_of
from arbitrage.errors import DataError

__all__ = ["DataLimits", "SnapshotTable", "load_snapshots", "read_snapshots"]

_PARQUET_MAGIC = b"PAR1"
_FORMATS = {".parquet": "Parquet", ".gz": "gzip", ".zst": "zstd"}
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

    def timestamp_lines(self) -> bytes:
        """The timestamps as text, each on a line of its own."""
        lines = io.BytesIO()
        for part in self.frame.iter_slices(_ROWS_AT_ONCE):  # polars aborts when memory runs out
            lines.write(part[TIMESTAMP].str.join("\n").cast(pl.Binary).item())
            lines.write(b"\n")
        return lines.getvalue()

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
    return read_snapshots(read_data_file(path, bounds, shown_name), bounds)


def read_snapshots(file: DataFile, limits: DataLimits) -> SnapshotTable:
    """The rows of a file that has been read.

    Raises:
        DataError: As `load_snapshots`.
        ConfigError: This process was forked while polars ran.
    """
    check_fork()
    if file.content.startswith(_PARQUET_MAGIC):
        from arbitrage.data.readers.parquet_rows import read_parquet  # pyarrow

        frame = read_parquet(file.content, file.name, limits)
    elif foreign := foreign_format(file.content):
        raise DataError(f"the data file {file.name!r} is {foreign}")
    else:
        frame = _read_csv(file, limits)
    return SnapshotTable(frame, file.sha256)


def _read_csv(file: DataFile, limits: DataLimits) -> pl.DataFrame:
    """The rows of a CSV; a file that is not one, but is named like another format, is told so."""
    try:
        return csv_rows.read_csv(file.content, file.name, limits.max_rows)
    except DataError:
        suffix = PurePath(file.name).suffix.lower()
        if suffix in _FORMATS and file.content is file.stored and not _has_a_column(file.content):
            format_name = _FORMATS[suffix]
            raise DataError(
                f"the data file {file.name!r} is named {suffix} but is not a {format_name} file"
            ) from None
        raise


def _has_a_column(content: bytes) -> bool:
    """Whether the first line names one of the columns, as that of no other format does.

    An empty file is a CSV without its header, whatever it is called.
    """
    header = io.BytesIO(content).readline()
    return not content or any(column.encode() in header for column in COLUMNS)
