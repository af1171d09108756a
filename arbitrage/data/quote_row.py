"""One row of quotes."""

from __future__ import annotations

import math
from typing import NamedTuple

from arbitrage.data.rules.moments import moment_ns


class OrderBookSnapshot(NamedTuple):
    """Best bid and ask of both venues at one moment; prices in the quote currency.

    Sizes are displayed ones, in base units; ages are those of the venue's quote, in milliseconds,
    NaN where unknown. Both are None where the file has no such column.

    A tuple rather than a dataclass: a backtest makes one per row, and a tuple takes a fifth of
    the time to make.
    """

    timestamp: str
    best_bid_a: float
    best_ask_a: float
    best_bid_b: float
    best_ask_b: float
    bid_size_a: float | None = None
    ask_size_a: float | None = None
    bid_size_b: float | None = None
    ask_size_b: float | None = None
    age_a_ms: float | None = None
    age_b_ms: float | None = None

    @property
    def moment_ns(self) -> int:
        """The timestamp in nanoseconds since 1970.

        Raises:
            CellError: (a `ValueError`) It is neither ISO 8601 nor an integer epoch.
        """
        return moment_ns(self.timestamp)

    @property
    def columns(self) -> list[str]:
        """The columns that the row has."""
        return [name for name, value in zip(self._fields, self, strict=True) if value is not None]

    def with_venue_b_of(self, other: OrderBookSnapshot) -> OrderBookSnapshot:
        """A row with the quotes of venue A from here and of venue B from the other."""
        if other is self:
            return self
        return self._replace(
            best_bid_b=other.best_bid_b,
            best_ask_b=other.best_ask_b,
            bid_size_b=other.bid_size_b,
            ask_size_b=other.ask_size_b,
        )

    @property
    def is_tradable(self) -> bool:
        """Whether all four prices are finite and positive and no book is crossed or locked.

        In a chain of comparisons a NaN makes every link false; the upper bound keeps infinity out.
        """
        return (
            0.0 < self.best_bid_a < self.best_ask_a < math.inf
            and 0.0 < self.best_bid_b < self.best_ask_b < math.inf
        )
