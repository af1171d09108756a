"""A flat source: the rows of a table as quotes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from arbitrage.data.venues.flat.fields import INTEGERS, NUMBERS, PRICE, SIDE, SIZE, TIMES
from arbitrage.data.venues.flat.layouts import Layout
from arbitrage.data.venues.flat.numbers import integers, numbers
from arbitrage.data.venues.flat.table.csv_parts import csv_parts, header_of
from arbitrage.data.venues.flat.table.parquet_parts import parquet_parts
from arbitrage.data.venues.flat.table.part import Part
from arbitrage.data.venues.flat.times import moments
from arbitrage.data.venues.quotes import ASK, ASK_SIZE, BID, BID_SIZE, UNCHANGED, as_quotes
from arbitrage.data.venues.source import Member, Reading
from arbitrage.errors import DataError

_SIDES = {
    **dict.fromkeys(("bid", "bids", "b", "buy"), BID),
    **dict.fromkeys(("ask", "asks", "a", "sell", "s"), ASK),
}


@dataclass(frozen=True, slots=True)
class FlatSource:
    """Tables of one layout."""

    layout: Layout

    @property
    def name(self) -> str:
        return self.layout.name

    def is_like(self, head: bytes) -> bool:
        """Whether the columns are those of the layout."""
        header = header_of(head)
        return self.layout.columns(header) is not None or self._is_headless(header)

    def begins(self, _head: bytes) -> int:
        """The order of files does not matter."""
        return 0

    def read(self, member: Member, reading: Reading) -> Iterator[pl.DataFrame]:
        """The rows of a table as quotes, in order.

        Raises:
            DataError: A column is missing, or a cell is not what it should be.
            ConfigError: A time names no zone, and no zone is given.
        """
        return (_quotes(part, reading) for part in self._parts(member, reading))

    def _parts(self, member: Member, reading: Reading) -> Iterator[Part]:
        header = header_of(member.head())
        is_headless = self._is_headless(header)
        columns = self.layout.columns(self.layout.order if is_headless else header)
        if columns is None:
            missing = ", ".join(self.layout.missing(header)) or "none"
            raise DataError(
                f"{member.name!r} is not of the format {self.name}: missing: {missing}; its first "
                f"line is {', '.join(header)!r:.200}"
            )
        if member.is_parquet():
            return parquet_parts(member, columns)
        return csv_parts(member, columns, reading, self.layout.order if is_headless else None)

    def _is_headless(self, header: Sequence[str]) -> bool:
        """Whether the first line is a row already, of as many numbers as there are columns."""
        return len(header) == len(self.layout.order) > 0 and all(map(_is_number, header))


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).isdigit()


def _quotes(part: Part, reading: Reading) -> pl.DataFrame:
    cells = {field: _read(part, field, reading) for field in part.columns}
    if SIDE in cells:
        cells |= _two_sides(part, cells.pop(SIDE), cells.pop(PRICE), cells.pop(SIZE, None))
    return as_quotes(cells)


def _read(part: Part, field: str, reading: Reading) -> pl.Series:
    if field in TIMES:
        return moments(part, field, reading.timezone)
    if field in NUMBERS:
        return numbers(part, field)
    if field in INTEGERS:
        return integers(part, field)
    return part.cells[field].cast(pl.String).str.strip_chars()


def _two_sides(
    part: Part, sides: pl.Series, prices: pl.Series, sizes: pl.Series | None
) -> dict[str, pl.Series]:
    """The columns of both sides; a row says nothing of the other one, and a size of 0 empties."""
    side = sides.str.to_lowercase().replace_strict(_SIDES, default=None, return_dtype=pl.String)
    if side.null_count():
        row = side.is_null().arg_max() or 0
        raise part.error(SIDE, row, f"not a side; those are {', '.join(_SIDES)}")
    kinds = {PRICE: pl.Float64(), SIZE: pl.Float64()}
    rows = pl.DataFrame({SIDE: side, PRICE: prices, SIZE: sizes}, schema_overrides=kinds)
    is_gone = (pl.col(SIZE) == 0).fill_null(value=False)
    rows = rows.with_columns(pl.when(~is_gone).then(PRICE).alias(PRICE))
    pairs = {BID: (BID, PRICE), BID_SIZE: (BID, SIZE), ASK: (ASK, PRICE), ASK_SIZE: (ASK, SIZE)}
    return rows.select(
        pl.when(pl.col(SIDE) == which).then(value).otherwise(UNCHANGED).alias(name)
        for name, (which, value) in pairs.items()
        if sizes is not None or value == PRICE
    ).to_dict()
