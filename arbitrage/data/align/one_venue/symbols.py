"""One symbol of a venue's files, and no other."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from arbitrage.data.align.options import VENUES
from arbitrage.data.venues.quotes import SYMBOL
from arbitrage.errors import ConfigError, DataError

_SHOWN = 20


@dataclass
class OneSymbol:
    """The quotes of the symbol that is wanted, or the only one there is.

    Attributes:
        label: What flags call the venue.
        wanted: The symbol; None where the files should have only one.
        seen: All that there were.
    """

    label: str
    wanted: str | None
    seen: set[str] = field(default_factory=set)

    def of(self, quotes: pl.DataFrame, name: str) -> pl.DataFrame:
        """Those of a batch.

        Raises:
            DataError: There are several symbols, and none is wanted.
        """
        self.seen |= set(quotes[SYMBOL].unique().drop_nulls())
        if self.wanted is not None:
            return quotes.filter(pl.col(SYMBOL).eq_missing(self.wanted))
        if len(self.seen) > 1:
            raise DataError(
                f"{name!r} has quotes of several symbols ({self._list()}): {self._cure()}"
            )
        return quotes

    def _cure(self) -> str:
        if self.label in VENUES:
            return f"name the one that is meant with --symbol-{self.label}"
        return "give a file of the rate alone"

    def check(self) -> None:
        """Look at it when all was read and nothing was found.

        Raises:
            ConfigError: No quote is of the symbol that is wanted.
        """
        if self.wanted is not None and self.wanted not in self.seen:
            there = f"there is {self._list()}" if self.seen else "the files name no symbols"
            raise ConfigError(
                f"no quote of venue {self.label} is of the symbol {self.wanted!r}: {there}"
            )

    def _list(self) -> str:
        names = sorted(self.seen)
        more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        return ", ".join(names[:_SHOWN]) + more
