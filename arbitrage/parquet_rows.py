"""Parquet into the same columns as CSV; a row's number is its position, counted from 1."""

from __future__ import annotations

import io

import polars as pl

from arbitrage.checked_rows import CheckedRows
from arbitrage.columns import (
    COLUMNS,
    PRICES,
    SCHEMA,
    TIMESTAMP,
    check_header,
    prices_are_sound,
    too_many_rows,
)
from arbitrage.errors import DataError
from arbitrage.timestamps import timestamps_are_sound

MAGIC = b"PAR1"


def read_parquet(content: bytes, name: str, max_rows: int) -> pl.DataFrame:
    """The five columns of a Parquet file.

    Raises:
        DataError: As the table of data errors says, in the words used for CSV.
    """
    try:
        check_header(list(pl.read_parquet_schema(io.BytesIO(content))))
        frame = pl.read_parquet(io.BytesIO(content), columns=list(COLUMNS))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"the data file {name!r} is no sound Parquet: {reason}") from error
    if frame.height == 0:
        raise DataError("No valid snapshots loaded from CSV file")
    if frame.height > max_rows:
        raise too_many_rows(name, max_rows)
    cells = [_timestamp_cells(frame[TIMESTAMP], name), *(_price_cells(frame[p]) for p in PRICES)]
    if all(column.dtype == SCHEMA[column.name] for column in cells):
        ready = pl.DataFrame(cells)
        if (
            not sum(ready.null_count().row(0))
            and prices_are_sound(ready)
            and timestamps_are_sound(ready[TIMESTAMP])
        ):
            return ready
    checked = CheckedRows()
    for number, (timestamp, *prices) in enumerate(zip(*cells, strict=True), start=1):
        checked.add(number, timestamp, prices)
    return checked.frame()


def _timestamp_cells(column: pl.Series, name: str) -> pl.Series:
    try:
        return _timestamp_text(column)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise DataError(
            f"the column {TIMESTAMP!r} of the data file {name!r} is of the type {column.dtype}, "
            "and holds no timestamps, or some beyond any calendar"
        ) from error


def _timestamp_text(column: pl.Series) -> pl.Series:
    """Text as it is, integers as their digits, timestamps as ISO 8601 UTC ending in Z."""
    dtype = column.dtype
    if dtype == pl.Date:
        column = column.cast(pl.Datetime("us"))
    if isinstance(column.dtype, pl.Datetime):
        if column.dtype.time_zone is not None:
            column = column.dt.convert_time_zone("UTC")
        return column.dt.to_string("%Y-%m-%dT%H:%M:%S%.fZ")
    return column.cast(pl.String, strict=False)


def _price_cells(column: pl.Series) -> pl.Series:
    """Numbers as doubles; anything else as text, which the grammar of prices accepts or refuses."""
    if column.dtype.is_numeric():
        return column.cast(pl.Float64)
    try:
        return column.cast(pl.String, strict=False)
    except pl.exceptions.PolarsError:  # lists, structs: no text, and no prices
        return pl.Series(column.name, [str(cell) for cell in column.to_list()], pl.String)
