"""Parquet into the same columns as CSV; a row's number is its position, counted from 1.

pyarrow judges and decodes, block by block: damaged bytes end the process in readers that nobody has
fuzzed. Importing it starts threads, so whoever imports this module forks no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from arbitrage.data.columns import TIMESTAMP, check_header, columns_of, too_many_rows
from arbitrage.data.files.data_file import DataLimits, too_large
from arbitrage.data.rules.checked_rows import ROWS_AT_ONCE, CheckedRows
from arbitrage.errors import DataError

# The default one reserves memory ahead, which the bound on a job then does not count.
pa.set_memory_pool(pa.system_memory_pool())

# The years 1 to 9999, in seconds since 1970: those of ISO 8601, and of Python's datetime.
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
_INSTANTS = {"ms": pl.Datetime("ms"), "us": pl.Datetime("us"), "ns": pl.Datetime("ns")}
_PER_SECOND = {"ms": 10**3, "us": 10**6, "ns": 10**9}


def read_parquet(content: bytes, name: str, limits: DataLimits) -> pl.DataFrame:
    """The columns of a Parquet file that are ours.

    Raises:
        DataError: As the table of data errors says, in the words used for CSV.
        MemoryError: There is not enough for one of its pages.
    """
    with _in_our_words(name):
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        check_header(file.schema_arrow.names)
        _check_footer(file.metadata, name, limits)
        columns = columns_of(file.schema_arrow.names)
        checked = CheckedRows(columns)
        count = 0
        # Without threads: one that cannot start for want of memory would end the process.
        for batch in file.iter_batches(ROWS_AT_ONCE, columns=columns, use_threads=False):
            batch.validate(full=True)
            numbers = range(count + 1, count + batch.num_rows + 1)
            count += batch.num_rows
            if count > limits.max_rows:
                raise too_many_rows(name, limits.max_rows)
            checked.take(numbers, _cells(batch, columns, name))
    if not count:
        raise DataError("No valid snapshots loaded from Parquet file")
    return checked.frame()


@contextmanager
def _in_our_words(name: str) -> Iterator[None]:
    """What pyarrow raises about a file, as the errors of this package."""
    try:
        yield
    except pa.ArrowMemoryError as error:
        raise MemoryError(str(error)) from error
    except (pa.ArrowException, OSError, UnicodeError) as error:
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
    """Text as it is, numbers as their digits, timestamps as ISO 8601 UTC ending in Z."""
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("ms"))
    if pa.types.is_timestamp(column.type):
        return _instant_cells(column, name)
    if _is_not_text(column.type):
        raise DataError(
            f"the column {TIMESTAMP!r} of the data file {name!r} is of the type {column.type}, "
            "which holds no timestamps"
        )
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
    return epochs.cast(_INSTANTS[unit]).dt.to_string("%Y-%m-%dT%H:%M:%S%.fZ")


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
