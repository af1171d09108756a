"""What stood at a venue from each of its stamps on, window by window."""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

from arbitrage.data.align.one_venue.ordering import TIME
from arbitrage.data.align.one_venue.runs import Runs
from arbitrage.data.venues.quotes import ASK, ASK_SIZE, BID, BID_SIZE

QUOTE = (BID, BID_SIZE, ASK, ASK_SIZE)

_NONE = -math.inf  # in place of null while columns are filled: it stands, too, until it changes
_IS_KNOWN = ~(pl.col(BID).is_nan() | pl.col(ASK).is_nan()).fill_null(value=False)


@dataclass
class States:
    """Walks through the quotes of one venue; what stood at the end of a window is carried on.

    Attributes:
        runs: The quotes.
        stamps: How many different stamps there were so far.
        unknown: On how many of them one side was not known yet.
    """

    runs: Runs
    stamps: int = 0
    unknown: int = 0
    _before: pl.DataFrame | None = None

    def window(self, after: int, until: int) -> pl.DataFrame:
        """The states that began in `after < time <= until`, the one before them first.

        Columns: the time, and prices and sizes, null where there is none. One row a stamp.
        """
        found = self.runs.window(after, until).select(TIME, *QUOTE)
        carried = [] if self._before is None else [self._before]
        found = _filled(pl.concat([*carried, found]))
        self._before = found.tail(1)
        known = found.filter(_IS_KNOWN)
        self.stamps += found.height - len(carried)
        self.unknown += found.slice(len(carried)).filter(~_IS_KNOWN).height
        return known


def _filled(quotes: pl.DataFrame) -> pl.DataFrame:
    """Each side as it was last spoken of; NaN where it was not yet. One row a stamp."""
    if not quotes.select(pl.any_horizontal(pl.col(QUOTE).is_nan()).any()).item():
        return quotes
    said = [
        pl.when(pl.col(name).is_nan())
        .then(None)
        .otherwise(pl.col(name).fill_null(_NONE))
        .forward_fill()
        .fill_null(math.nan)
        .alias(name)
        for name in QUOTE
    ]
    stands = [pl.when(pl.col(name) != _NONE).then(name).alias(name) for name in QUOTE]
    is_last = (pl.col(TIME).diff().shift(-1) != 0).fill_null(value=True)
    return quotes.with_columns(said).with_columns(stands).filter(is_last)
