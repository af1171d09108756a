"""The shape that book sources give their messages: changes of levels, in the order of the file."""

from __future__ import annotations

import polars as pl

from arbitrage.data.venues.quotes import EXCHANGE, RECEIPT, SEQUENCE, SYMBOL

FOLLOWS, BEGINS, IS_SNAPSHOT, IS_BID = "follows", "begins", "is_snapshot", "is_bid"
PRICE, SIZE = "price", "size"

SCHEMA: dict[str, pl.DataType] = {
    EXCHANGE: pl.Int64(),
    RECEIPT: pl.Int64(),
    SYMBOL: pl.String(),  # null: of the only book there is
    SEQUENCE: pl.Int64(),  # the number of the message; null: it has none
    FOLLOWS: pl.Int64(),  # at least this number must have come before; null: nobody knows
    BEGINS: pl.Boolean(),  # whether a message begins here; the rows that follow are of it
    IS_SNAPSHOT: pl.Boolean(),  # whether the message is the whole book and not a change of it
    IS_BID: pl.Boolean(),  # null: the message has no level
    PRICE: pl.Float64(),
    SIZE: pl.Float64(),  # what is displayed from now on; 0: the level is gone
}
"""The columns of a batch."""


def by_symbol(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows of each symbol; most files have only one, and their rows are not copied."""
    symbols = rows[SYMBOL]
    if rows.height and symbols.eq_missing(symbols[:1]).all():
        return [rows]
    return rows.partition_by(SYMBOL, maintain_order=True)
