"""Parquet into the same columns as CSV; a row's number is its position, counted from 1.

pyarrow judges and decodes, block by block: damaged bytes end the process in readers that nobody has
fuzzed. Importing it starts threads, so whoever imports this module forks no more.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from arbitrage.data.columns import TIMESTAMP, check_header, columns_of
from arbitrage.data.files.data_file import too_large, too_many_rows
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.readers.ahead import ahead
from arbitrage.data.rules.checked_rows import ROWS_AT_ONCE, Block, CheckedRows
from arbitrage.errors import DataError, is_retryable

# The default one reserves memory ahead, which the bound on a job then does not count.
pa.set_memory_pool(pa.system_memory_pool())

_BUFFER_BYTES = 2**20  # of each column; otherwise pyarrow holds whole row groups, or the whole file

# The years 1 to 9999, in seconds since 1970: those of ISO 8601, and of Python's datetime.
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
_INSTANTS = {"ms": pl.Datetime("ms"), "us": pl.Datetime("us"), "ns": pl.Datetime("ns")}
_PER_SECOND = {"ms": 10**3, "us": 10**6, "ns": 10**9}


def read_parquet(source: BinaryIO, name: str, limits: DataLimits) -> Iterator[Block]:
    """The rows of a Parquet file, with the columns that are ours.

    Raises:
        DataError: As the table of data errors says, in the words used for CSV.
        MemoryError: There is not enough for one of its pages.
        OSError: The file system failed in a way that may pass.
    """
    checked, count = CheckedRows(), 0
    for cells in ahead(_batches(source, name, limits)):
        numbers = range(count + 1, count + cells.height + 1)
        count += cells.height
        if count > limits.max_rows:
            raise too_many_rows(name, limits.max_rows)
        yield checked.take(numbers, cells)
    if not count:
        raise DataError("No valid snapshots loaded from Parquet file")


def _batches(source: BinaryIO, name: str, limits: DataLimits) -> Iterator[pl.DataFrame]:
    """The cells, block by block, decoded."""
    reading = _Reading(source)
    with _in_our_words(name, reading):
        file = pq.ParquetFile(
            pa.PythonFile(reading, mode="r"),
            page_checksum_verification=True,
            buffer_size=_BUFFER_BYTES,
            pre_buffer=False,
        )
        check_header(file.schema_arrow.names)
        _check_footer(file.metadata, name, limits)
        columns = columns_of(file.schema_arrow.names)
        # Without threads: one that cannot start for want of memory would end the process.
        for batch in file.iter_batches(ROWS_AT_ONCE, columns=columns, use_threads=False):
            if batch.num_rows:
                batch.validate(full=True)
                yield _cells(batch, columns, name)


class _Reading(io.RawIOBase):
    """A file as pyarrow reads it; keeps what went wrong, which pyarrow would call damage."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self._source = source
        self.error: OSError | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        return self._source.seek(place, whence)

    def tell(self) -> int:
        return self._source.tell()

    def read(self, size: int = -1) -> bytes:
        try:
            return self._source.read(size)
        except OSError as error:
            self.error = error
            raise


@contextmanager
def _in_our_words(name: str, reading: _Reading) -> Iterator[None]:
    """What pyarrow raises about a file, as the errors of this package."""
    try:
        yield
    except pa.ArrowMemoryError as error:
        raise MemoryError(str(error)) from error
    except (pa.ArrowException, OSError, UnicodeError) as error:
        if reading.error is not None and is_retryable(reading.error):
            raise reading.error from None
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataError(f"the data file {name!r} is not sound Parquet: {reason}") from error


def _check_footer(footer: pq.FileMetaData, name: str, limits: DataLimits) -> None:
    """Refuse a file that says itself how large it is, before any of it is decoded."""
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    if max(footer.num_rows, sum(group.num_rows for group in groups)) > limits.max_rows:
        raise too_many_rows(name, limits.max_rows)
    if sum(group.total_byte_size for group in groups) > limits.max_bytes:
        raise too_large(name, limits)


def _cells(batch: pa.RecordBatch, columns: list[str], name: str) -> pl.DataFrame:
    cells = {TIMESTAMP: _timestamp_cells(batch.column(TIMESTAMP), name)}
    cells |= {column: _number_cells(batch.column(column), column) for column in columns[1:]}
    return pl.DataFrame(cells)


def _timestamp_cells(column: pa.Array, name: str) -> pl.Series:
    """Text as it is, whole numbers as epochs, timestamps and dates as instants."""
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("ms"))
    if pa.types.is_timestamp(column.type):
        return _instant_cells(column, name)
    if _is_not_text(column.type):
        raise DataError(
            f"the column {TIMESTAMP!r} of the data file {name!r} is of the type {column.type}, "
            "which holds no timestamps"
        )
    if pa.types.is_integer(column.type) and column.type != pa.uint64():
        return pl.Series(pl.from_arrow(column.cast(pa.int64())))
    return _texts(column)


def _instant_cells(column: pa.Array, name: str) -> pl.Series:
    """The instants that are stored are of UTC, whatever zone they are to be shown in."""
    unit = "ms" if column.type.unit == "s" else column.type.unit
    epochs = pl.Series(pl.from_arrow(column.cast(pa.timestamp(unit)).cast(pa.int64())))
    first = max(_FIRST_SECOND * _PER_SECOND[unit], -(2**63))
    last = min((_LAST_SECOND + 1) * _PER_SECOND[unit], 2**63) - 1
    if not ((epochs >= first) & (epochs <= last)).all():
        raise DataError(
            f"the column {TIMESTAMP!r} of the data file {name!r} is beyond any calendar"
        )
    return epochs.cast(_INSTANTS[unit])


def _number_cells(column: pa.Array, name: str) -> pl.Series:
    """Integers and floats as doubles; the rest as text, which is read or refused as in a CSV."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return pl.Series(pl.from_arrow(column.cast(pa.float64(), safe=False)))
    if _is_not_text(column.type):
        raise DataError(f"Invalid row 1: {name} is of the type {column.type}: no finite number")
    return _texts(column)


def _is_not_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_temporal(kind) or pa.types.is_nested(kind))


def _texts(column: pa.Array) -> pl.Series:
    return pl.Series(pl.from_arrow(column.cast(pa.large_string())))
