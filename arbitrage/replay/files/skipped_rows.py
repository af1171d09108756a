"""Counts the rows of a data file that are skipped, by the reason.

`data/check/skipped.py` writes the sentence about them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arbitrage.replay.kernels.layout import Integers, Prices


class SkippedRows(NamedTuple):
    """How many rows are skipped for which reason; a row counts under the first that holds.

    `empty`: a price of 0 or below. `crossed`: a bid above its ask. `locked`: a bid that is its ask.
    """

    empty: int
    crossed: int
    locked: int


def skipped_numbers(rows: int, tradable: Integers) -> Integers:
    """The numbers of the rows that are skipped, of so many.

    Args:
        rows: How many there are.
        tradable: The numbers of the others.
    """
    if len(tradable) == rows:
        return np.empty(0, np.int64)
    is_skipped = np.ones(rows, np.bool_)
    is_skipped[tradable] = False
    return np.flatnonzero(is_skipped)


def skipped_rows(prices: Prices, skipped: Integers) -> SkippedRows:
    """Count them by their reasons.

    Args:
        prices: Of every row; finite.
        skipped: The numbers of the rows that are skipped.
    """
    bid_a, ask_a, bid_b, ask_b = (column[skipped] for column in prices)
    empty = np.minimum.reduce([bid_a, ask_a, bid_b, ask_b]) <= 0
    crossed = ~empty & ((bid_a > ask_a) | (bid_b > ask_b))
    counts = int(empty.sum()), int(crossed.sum())
    return SkippedRows(*counts, locked=len(bid_a) - sum(counts))
