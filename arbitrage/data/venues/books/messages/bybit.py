"""Bybit's archive of order books, `*_ob*.data`: the messages of its stream, one a line.

The messages: https://bybit-exchange.github.io/docs/v5/websocket/public/orderbook. Their time is
`ts`, when the venue made the message, which every file has: `cts`, of the matching engine, is
earlier, and older files lack it. `u` counts the messages of a book, one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from arbitrage.data.venues.books.cells import filled, flags
from arbitrage.data.venues.books.changes import FOLLOWS, IS_SNAPSHOT
from arbitrage.data.venues.books.messages.levels import ASKS, BIDS, LEVELS, changes_of
from arbitrage.data.venues.books.messages.lines import NUMBER, Lines, json_lines
from arbitrage.data.venues.books.source import BookSource
from arbitrage.data.venues.flat.numbers import integers
from arbitrage.data.venues.flat.table.part import Part
from arbitrage.data.venues.flat.times import moments
from arbitrage.data.venues.quotes import EXCHANGE, RECEIPT, SEQUENCE, SYMBOL
from arbitrage.data.venues.source import Member, Reading

_BOOK = pl.Struct({"s": pl.String(), "b": LEVELS, "a": LEVELS, "u": pl.String()})
_SHAPE = pl.Struct({"type": pl.String(), "ts": pl.String(), "data": _BOOK})
_COLUMNS = {EXCHANGE: "ts", SYMBOL: "s", SEQUENCE: "u", IS_SNAPSHOT: "type", BIDS: "b", ASKS: "a"}
_WORDS = {"snapshot": True, "delta": False}


def _changes(member: Member, reading: Reading) -> Iterator[pl.DataFrame]:
    return (changes_of(_messages(lines, reading), member.name) for lines in json_lines(member))


def _messages(lines: Lines, reading: Reading) -> pl.DataFrame:
    cells = lines.decoded(_SHAPE).unnest("data")
    part = Part(lines.name, "line", cells[NUMBER], _COLUMNS, cells.select(**_COLUMNS))
    numbers = filled(part, SEQUENCE, integers(part, SEQUENCE))
    return part.cells.with_columns(
        cells[NUMBER],
        filled(part, EXCHANGE, moments(part, EXCHANGE, reading.timezone)).alias(EXCHANGE),
        pl.lit(None, pl.Int64).alias(RECEIPT),
        numbers.alias(SEQUENCE),
        (numbers - 1).alias(FOLLOWS),
        flags(part, IS_SNAPSHOT, _WORDS).alias(IS_SNAPSHOT),
    )


BYBIT_BOOK = BookSource(
    "bybit-book",
    re.compile(rb'\s*\{[^[]*?"topic"\s*:\s*"orderbook\.'),
    re.compile(rb'"ts"\s*:\s*"?(\d+)'),
    _changes,
)
