"""Rows that say again what the row before said."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from arbitrage.data.check.batch import Batch
from arbitrage.data.columns import PRICES


class RepeatCounter:
    """Counts rows that are equal to the row before.

    Attributes:
        rows: In every column that is read, the timestamp too; unknown ages are equal.
        prices: In all four prices.
    """

    def __init__(self) -> None:
        self.rows = self.prices = 0

    def add(self, batch: Batch) -> None:
        self.rows += _repeated(batch.frame, batch.frame.columns)
        self.prices += _repeated(batch.frame, PRICES)


def _repeated(frame: pl.DataFrame, columns: Iterable[str]) -> int:
    before, after = frame.head(-1), frame.tail(-1)
    pairs = zip(before.select(columns), after.select(columns), strict=True)
    is_same = pl.all_horizontal(one.eq(other).alias(one.name) for one, other in pairs)
    return int(pl.select(is_same.sum()).item())
