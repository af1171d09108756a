"""OKX's archive of order books, `*-L2orderbook-*.data`: snapshots and updates, one a line.

They carry no number of a message, so that a gap cannot be seen; a level may have more than a price
and a size. `ts` is a number or its text.
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
from arbitrage.data.venues.flat.table.part import Part
from arbitrage.data.venues.flat.times import moments
from arbitrage.data.venues.quotes import EXCHANGE, RECEIPT, SEQUENCE, SYMBOL
from arbitrage.data.venues.source import Member, Reading

_COLUMNS = {EXCHANGE: "ts", SYMBOL: "instId", IS_SNAPSHOT: "action", BIDS: "bids", ASKS: "asks"}
_TEXT = pl.String()
_SHAPE = pl.Struct({"instId": _TEXT, "action": _TEXT, "ts": _TEXT, "bids": LEVELS, "asks": LEVELS})
_WORDS = {"snapshot": True, "update": False}


def _changes(member: Member, reading: Reading) -> Iterator[pl.DataFrame]:
    return (changes_of(_messages(lines, reading), member.name) for lines in json_lines(member))


def _messages(lines: Lines, reading: Reading) -> pl.DataFrame:
    cells = lines.decoded(_SHAPE)
    part = Part(lines.name, "line", cells[NUMBER], _COLUMNS, cells.select(**_COLUMNS))
    nothing = pl.lit(None, pl.Int64)
    return part.cells.with_columns(
        cells[NUMBER],
        filled(part, EXCHANGE, moments(part, EXCHANGE, reading.timezone)).alias(EXCHANGE),
        flags(part, IS_SNAPSHOT, _WORDS).alias(IS_SNAPSHOT),
        *(nothing.alias(name) for name in (RECEIPT, SEQUENCE, FOLLOWS)),
    )


OKX_BOOK = BookSource(
    "okx-book",
    re.compile(rb'\s*\{(?=[^[{]*"action"\s*:\s*"(?:snapshot|update)")[^[{]*"instId"'),
    re.compile(rb'"ts"\s*:\s*"?(\d+)'),
    _changes,
)
