"""Whether columns of prices are sound, decided for all rows at once.

As with timestamps: what is not accepted here, `CheckedRows` judges cell by cell.
"""

from __future__ import annotations

import polars as pl

from arbitrage.data.columns import PRICES
from arbitrage.data.rules.cells import MAX_PRICE, MIN_PRICE

_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"


def read_prices(cells: pl.DataFrame) -> pl.DataFrame | None:
    """The same columns, those of text read as numbers; None where one may not be a number."""
    texts = [column for column in PRICES if cells.schema[column] == pl.String]
    stripped = cells.with_columns(pl.col(texts).str.strip_chars(" "))
    if not all(stripped[column].str.contains(_NUMBER).all() for column in texts):
        return None
    read = stripped.with_columns(pl.col(texts).cast(pl.Float64, strict=False))
    return None if any(read[column].null_count() for column in texts) else read


def prices_are_sound(frame: pl.DataFrame) -> bool:
    """Whether all are finite and within the bounds."""
    if all(_are_usual(frame[column]) for column in PRICES):
        return True
    tests = [
        pl.col(column).is_finite()
        & (pl.col(column) <= MAX_PRICE)
        & ((pl.col(column) <= 0) | (pl.col(column) >= MIN_PRICE))
        for column in PRICES
    ]
    return bool(frame.select(pl.all_horizontal(tests).all()).item())


def _are_usual(prices: pl.Series) -> bool:
    """Whether all are above zero and within the bounds; NaN is neither."""
    return all(
        chunk.min() >= MIN_PRICE and chunk.max() <= MAX_PRICE
        for chunk in (part.to_numpy() for part in prices.get_chunks())
        if len(chunk)
    )
