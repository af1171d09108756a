"""`incremental_book_L2` of Tardis: a CSV with one change of a level a row."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from arbitrage.data.venues.books.cells import filled, flags
from arbitrage.data.venues.books.changes import (
    BEGINS,
    FOLLOWS,
    IS_BID,
    IS_SNAPSHOT,
    PRICE,
    SCHEMA,
    SIZE,
    by_symbol,
)
from arbitrage.data.venues.books.source import BookSource
from arbitrage.data.venues.flat.numbers import numbers
from arbitrage.data.venues.flat.table.csv_parts import csv_parts, header_of
from arbitrage.data.venues.flat.table.part import Part
from arbitrage.data.venues.flat.times import moments
from arbitrage.data.venues.quotes import EXCHANGE, RECEIPT, SEQUENCE, SYMBOL
from arbitrage.data.venues.source import Member, Reading
from arbitrage.errors import DataError

_COLUMNS = {
    EXCHANGE: "timestamp",
    RECEIPT: "local_timestamp",
    SYMBOL: "symbol",
    IS_SNAPSHOT: "is_snapshot",
    IS_BID: "side",
    PRICE: "price",
    SIZE: "amount",
}
_HEADER = b"exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
_WORDS = {IS_SNAPSHOT: {"true": True, "false": False}, IS_BID: {"bid": True, "ask": False}}
_BEFORE = "the last row of each symbol"


def _changes(member: Member, reading: Reading) -> Iterator[pl.DataFrame]:
    missing = {*_COLUMNS.values()} - {*header_of(member.head())}
    if missing:
        raise DataError(
            f"{member.name!r} is not of the format {TARDIS_BOOK.name}: missing: "
            f"{', '.join(sorted(missing))}"
        )
    before = reading.carried.setdefault(_BEFORE, {})
    for part in csv_parts(member, _COLUMNS, reading):
        for rows in by_symbol(_cells(part, reading)):
            symbol = rows[SYMBOL][0]
            known = before.get(symbol, rows.clear())
            before[symbol] = rows.tail(1)
            yield _messages(pl.concat([known, rows])).slice(known.height)


def _cells(part: Part, reading: Reading) -> pl.DataFrame:
    cells = {name: moments(part, name, reading.timezone) for name in (EXCHANGE, RECEIPT)}
    cells |= {name: filled(part, name, numbers(part, name)) for name in (PRICE, SIZE)}
    cells |= {name: flags(part, name, words) for name, words in _WORDS.items()}
    return pl.DataFrame({**cells, SYMBOL: part.cells[SYMBOL]})


def _messages(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of one symbol with the messages that they are of: those with both times the same.

    The first row of a snapshot after one that is not of a snapshot discards the book; so says the
    vendor (https://docs.tardis.dev/downloadable-csv-files#incremental_book_l2).
    """
    resets = pl.col(IS_SNAPSHOT) & ~pl.col(IS_SNAPSHOT).shift(fill_value=False)
    is_next = pl.any_horizontal(
        pl.col(EXCHANGE, RECEIPT).ne_missing(pl.col(EXCHANGE, RECEIPT).shift())
    )
    return rows.with_columns(
        (is_next | resets).alias(BEGINS),
        resets.alias(IS_SNAPSHOT),
        *(pl.lit(None, pl.Int64).alias(name) for name in (SEQUENCE, FOLLOWS)),
    ).select(*SCHEMA)


TARDIS_BOOK = BookSource(
    "tardis-incremental-book",
    re.compile(rb"(?:\xef\xbb\xbf)?" + re.escape(_HEADER)),
    re.compile(rb"\n[^,\n]*,[^,\n]*,[^,\n]*,(\d+)"),
    _changes,
)
