"""The shape that every source gives its quotes."""

from __future__ import annotations

import math
from collections.abc import Mapping

import polars as pl

EXCHANGE, RECEIPT, SEQUENCE, SYMBOL = "exchange_ns", "receipt_ns", "sequence", "symbol"
BID, BID_SIZE, ASK, ASK_SIZE = "bid", "bid_size", "ask", "ask_size"

SIDES = {BID: BID_SIZE, ASK: ASK_SIZE}
"""The price of a side, and the size that is displayed at it."""

SCHEMA: dict[str, pl.DataType] = {
    EXCHANGE: pl.Int64(),  # ns since 1970 by the exchange's clock; null where it is not known
    RECEIPT: pl.Int64(),  # the same by the clock of who recorded it
    SEQUENCE: pl.Int64(),  # which of two quotes on one stamp is the later one; null: none says
    SYMBOL: pl.String(),  # null where the source has none
    BID: pl.Float64(),  # null where the venue has no quote on this side
    BID_SIZE: pl.Float64(),  # null where the source has none
    ASK: pl.Float64(),
    ASK_SIZE: pl.Float64(),
}
"""The columns of a batch. A row says what the best quotes of a venue were from then on."""

UNCHANGED = math.nan
"""In place of the price and the size of a side: the row says nothing of it, what stood stands."""


def as_quotes(columns: Mapping[str, pl.Series]) -> pl.DataFrame:
    """A batch of these columns; those that the source does not have are null."""
    present = pl.DataFrame(dict(columns))
    absent = [
        pl.lit(None, kind).alias(name) for name, kind in SCHEMA.items() if name not in columns
    ]
    return present.with_columns(absent).select([*SCHEMA])
