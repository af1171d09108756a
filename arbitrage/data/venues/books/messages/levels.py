"""Messages with lists of levels, one message a row, as changes with one level a row."""

from __future__ import annotations

import polars as pl

from arbitrage.data.venues.books.changes import BEGINS, IS_BID, PRICE, SCHEMA, SIZE
from arbitrage.data.venues.books.messages.lines import NUMBER
from arbitrage.data.venues.flat.numbers import numbers
from arbitrage.data.venues.flat.table.part import Part

BIDS, ASKS = "bids", "asks"
LEVELS = pl.List(pl.List(pl.String))
"""Levels as venues write them: price, size, and what else a venue may add."""

_MESSAGE, _LEVEL = "message", "level"


def changes_of(messages: pl.DataFrame, name: str) -> pl.DataFrame:
    """The levels of messages, the bids of each before its asks.

    Args:
        messages: The columns of `changes.SCHEMA` that are of a message, `BIDS`, `ASKS` and the
            number of its line.
        name: What messages call the file.

    Raises:
        DataError: A level has no price or no size.
    """
    messages = messages.with_row_index(_MESSAGE)
    sides = [_side(messages, BIDS, is_bid=True), _side(messages, ASKS, is_bid=False)]
    levels = pl.concat(sides).sort(_MESSAGE, maintain_order=True)
    cells = levels.select(
        pl.col(_LEVEL).list.get(0, null_on_oob=True).alias(PRICE),
        pl.col(_LEVEL).list.get(1, null_on_oob=True).alias(SIZE),
    )
    columns = {PRICE: "the price of a level", SIZE: "the size of a level"}
    part = Part(name, "line", levels[NUMBER], columns, cells)
    is_level = levels[IS_BID].is_not_null()
    read = [_read(part, field, is_level) for field in (PRICE, SIZE)]
    begins = (pl.col(_MESSAGE) != pl.col(_MESSAGE).shift()).fill_null(value=True).alias(BEGINS)
    return levels.with_columns(*read, begins).select(*SCHEMA)


def _side(messages: pl.DataFrame, side: str, *, is_bid: bool) -> pl.DataFrame:
    """The levels of one side; a row without one where a message has none."""
    levels = (
        messages.drop(ASKS if side == BIDS else BIDS)
        .explode(side, empty_as_null=True)
        .rename({side: _LEVEL})
    )
    return levels.with_columns(pl.when(pl.col(_LEVEL).is_not_null()).then(is_bid).alias(IS_BID))


def _read(part: Part, field: str, is_level: pl.Series) -> pl.Series:
    found = numbers(part, field)
    is_missing = found.is_null() & is_level
    if is_missing.any():
        raise part.error(field, is_missing.arg_max() or 0, "not a number")
    return found.alias(field)
