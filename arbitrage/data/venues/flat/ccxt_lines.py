"""Order books and tickers of ccxt as JSON, one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from arbitrage.data.venues.flat.numbers import integers, numbers
from arbitrage.data.venues.flat.table.blocks import Block, blocks
from arbitrage.data.venues.flat.table.part import Part
from arbitrage.data.venues.flat.times import moments
from arbitrage.data.venues.quotes import (
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    EXCHANGE,
    SEQUENCE,
    SYMBOL,
    as_quotes,
)
from arbitrage.data.venues.source import Member, Reading
from arbitrage.errors import DataError

_LEVELS = pl.List(pl.List(pl.Float64))
_KINDS: dict[str, pl.DataType] = {
    "symbol": pl.String(),
    "timestamp": pl.Int64(),
    "nonce": pl.Int64(),
    "bid": pl.Float64(),
    "bidVolume": pl.Float64(),
    "ask": pl.Float64(),
    "askVolume": pl.Float64(),
    "bids": _LEVELS,
    "asks": _LEVELS,
}
_COLUMNS = {
    SYMBOL: "symbol",
    EXCHANGE: "timestamp",
    SEQUENCE: "nonce",
    BID: "bid",
    BID_SIZE: "bidVolume",
    ASK: "ask",
    ASK_SIZE: "askVolume",
}
_MARKS = frozenset({"datetime", "nonce"})  # by which its objects differ from those of venues


@dataclass(frozen=True, slots=True)
class CcxtLines:
    """What `fetch_ticker`, `fetch_order_book` and their streams return."""

    name: str = "ccxt-lines"

    def is_like(self, head: bytes) -> bool:
        """Whether the first line is such an object."""
        try:
            first = json.loads(head.split(b"\n", 1)[0])
        except ValueError:
            return False
        if not isinstance(first, dict) or "timestamp" not in first or not _MARKS & first.keys():
            return False
        return {"bid", "ask"} <= first.keys() or {"bids", "asks"} <= first.keys()

    def begins(self, _head: bytes) -> int:
        """The order of files does not matter."""
        return 0

    def read(self, member: Member, reading: Reading) -> Iterator[pl.DataFrame]:
        """The quotes, in order.

        Raises:
            DataError: A line is not such an object.
        """
        return (_quotes(_part(member, block), reading) for block in blocks(member.stream, 1))


def _part(member: Member, block: Block) -> Part:
    try:
        objects = pl.read_ndjson(block.text, schema=_KINDS)
    except pl.exceptions.PolarsError:
        objects = _one_by_one(member, block)
    best = {BID: "bids", BID_SIZE: "bids", ASK: "asks", ASK_SIZE: "asks"}
    cells = objects.select(
        pl.coalesce(name, _best(best[field], field)) if field in best else pl.col(name)
        for field, name in _COLUMNS.items()
    )
    cells.columns = [*_COLUMNS]
    numbers = range(block.first_line, block.first_line + cells.height)
    return Part(member.name, "line", numbers, _COLUMNS, cells)


def _best(levels: str, field: str) -> pl.Expr:
    """The price or the size of the first level."""
    place = 1 if field in {BID_SIZE, ASK_SIZE} else 0
    return pl.col(levels).list.first().list.get(place, null_on_oob=True)


def _one_by_one(member: Member, block: Block) -> pl.DataFrame:
    """The objects of a block in which one is not as the others, or the error of that one."""
    rows = []
    for number, line in enumerate(block.text.splitlines(), block.first_line):
        try:
            found = json.loads(line) if line.strip() else {}
            rows.append(pl.DataFrame([found], schema=_KINDS, strict=True))
        except (ValueError, TypeError, pl.exceptions.PolarsError) as error:
            raise DataError(
                f"{member.name!r}, line {number:,} is not an order book or a ticker of ccxt "
                f"({' '.join(str(error).split())[:120]}): take the line out"
            ) from error
    return pl.concat(rows)


def _quotes(part: Part, reading: Reading) -> pl.DataFrame:
    return as_quotes(
        {
            EXCHANGE: moments(part, EXCHANGE, reading.timezone),
            SEQUENCE: integers(part, SEQUENCE),
            SYMBOL: part.cells[SYMBOL],
            **{field: numbers(part, field) for field in (BID, BID_SIZE, ASK, ASK_SIZE)},
        }
    )
