"""The times of the rows: those of the venues' stamps, or those of a grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from arbitrage.data.align.one_venue.ordering import TIME

GRID_ROWS = 1_000_000


def stamps_after(after: int, states: Sequence[pl.DataFrame]) -> pl.Series:
    """The stamps of all states later than this, in order, each once."""
    stamps = pl.concat([part[TIME] for part in states]).sort()
    is_new = (stamps > after) & (stamps.diff() != 0).fill_null(value=True)
    return stamps.filter(is_new)


def grid(after: int, until: int, step: int) -> Iterator[pl.Series]:
    """The multiples of a step with `after < time <= until`, in parts of bounded length."""
    first, stop = (after // step + 1) * step, until + 1
    while first < stop:
        end = min(first + GRID_ROWS * step, stop)
        yield pl.int_range(first, end, step, dtype=pl.Int64, eager=True)
        first += GRID_ROWS * step
