"""Messages of Binance's streams, spot and futures: best quotes, changes of the book, its snapshots.

The messages: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams and
https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams. One
is the message of a single stream or, within `data`, that of combined ones. The exchange's time is
`T`, of the matching engine, else `E`; spot's best quotes have neither.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from arbitrage.data.venues.books.cells import filled
from arbitrage.data.venues.books.changes import FOLLOWS, IS_SNAPSHOT
from arbitrage.data.venues.books.messages.levels import ASKS, BIDS, LEVELS
from arbitrage.data.venues.books.messages.lines import NUMBER, TEXT, Lines
from arbitrage.data.venues.flat.numbers import integers, numbers
from arbitrage.data.venues.flat.table.part import Part
from arbitrage.data.venues.flat.times import moments
from arbitrage.data.venues.quotes import (
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    EXCHANGE,
    RECEIPT,
    SCHEMA,
    SEQUENCE,
    SIDES,
    SYMBOL,
)
from arbitrage.data.venues.source import Reading

BEST_QUOTE = r'"e"\s*:\s*"bookTicker"|@bookTicker"|^\{\s*"u"\s*:\s*\d+\s*,\s*"s"\s*:'
"""What a message of the best quotes has, and no other one."""

IS_BEST_QUOTE = pl.col(TEXT).str.contains(BEST_QUOTE)
IS_CHANGE = pl.col(TEXT).str.contains(r'"e"\s*:\s*"depthUpdate"')
IS_WHOLE_BOOK = pl.col(TEXT).str.contains(r'^\{\s*"lastUpdateId"\s*:')

_TIME = "T"
_BEST = {
    EXCHANGE: _TIME,
    SYMBOL: "s",
    SEQUENCE: "u",
    BID: "b",
    BID_SIZE: "B",
    ASK: "a",
    ASK_SIZE: "A",
}
_CHANGE = {EXCHANGE: _TIME, SYMBOL: "s", SEQUENCE: "u", BIDS: "b", ASKS: "a"}
_WHOLE = {EXCHANGE: _TIME, SEQUENCE: "lastUpdateId", BIDS: BIDS, ASKS: ASKS}
_FIRST, _PREVIOUS = "U", "pu"


def best_quotes(lines: Lines, reading: Reading) -> pl.DataFrame:
    """Best quotes as a batch of `quotes.SCHEMA`; a price of 0 stands for an empty side.

    Args:
        lines: Messages of best quotes, and when each was received.
        reading: The zone of times.

    Raises:
        DataError: One lacks a field.
    """
    part = _part(lines, _BEST, {})
    cells = {
        name: filled(part, name, numbers(part, name)) for name in (BID, BID_SIZE, ASK, ASK_SIZE)
    }
    quotes = pl.DataFrame(
        {
            EXCHANGE: moments(part, EXCHANGE, reading.timezone),
            RECEIPT: lines.table[RECEIPT],
            SEQUENCE: integers(part, SEQUENCE),
            SYMBOL: part.cells[SYMBOL],
            **cells,
        }
    )
    return quotes.with_columns(
        pl.when(pl.col(price) > 0).then(pl.col(price, size)).name.keep()
        for price, size in SIDES.items()
    ).select(*SCHEMA)


def book_changes(lines: Lines, reading: Reading) -> pl.DataFrame:
    """Changes of books, a message a row, as `levels.changes_of` takes them."""
    part = _part(lines, _CHANGE, {_FIRST: pl.String(), _PREVIOUS: pl.String()})
    first = pl.col(_FIRST).cast(pl.Int64, strict=False) - 1
    follows = pl.coalesce(pl.col(_PREVIOUS).cast(pl.Int64, strict=False), first).alias(FOLLOWS)
    return _messages(part, lines, reading).with_columns(
        part.cells.select(follows).to_series(),
        filled(part, SYMBOL, part.cells[SYMBOL]),
        pl.lit(value=False).alias(IS_SNAPSHOT),
    )


def whole_books(lines: Lines, reading: Reading) -> pl.DataFrame:
    """Answers to a request for the whole book, in the same shape; they name no symbol."""
    part = _part(lines, _WHOLE, {})
    return _messages(part, lines, reading).with_columns(
        pl.lit(None, pl.Int64).alias(FOLLOWS),
        pl.lit(None, pl.String).alias(SYMBOL),
        pl.lit(value=True).alias(IS_SNAPSHOT),
    )


def _part(lines: Lines, columns: dict[str, str], more: dict[str, pl.DataType]) -> Part:
    """The fields of messages, wherever they stand; `E` in place of a time that is not there."""
    shape: dict[str, Any] = {"E": pl.String(), **more}
    for field, name in columns.items():
        shape[name] = LEVELS if field in {BIDS, ASKS} else pl.String()
    cells = lines.decoded(pl.Struct({**shape, "data": pl.Struct(shape)}))
    inner = {name: pl.col("data").struct.field(name) for name in shape}
    cells = cells.select(pl.coalesce(inner[name], name).alias(name) for name in shape)
    cells = cells.with_columns(pl.coalesce(_TIME, "E").alias(_TIME))
    found = cells.select(**columns, **{name: name for name in more})
    return Part(lines.name, "line", lines.table[NUMBER], columns, found)


def _messages(part: Part, lines: Lines, reading: Reading) -> pl.DataFrame:
    return part.cells.select(BIDS, ASKS).with_columns(
        lines.table[NUMBER],
        lines.table[RECEIPT],
        moments(part, EXCHANGE, reading.timezone).alias(EXCHANGE),
        filled(part, SEQUENCE, integers(part, SEQUENCE)).alias(SEQUENCE),
    )
