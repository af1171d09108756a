"""Two venues' states as rows of a snapshot file: each as it stood at the time of the row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from arbitrage.data.align.one_venue.clocks import NS_PER_MS
from arbitrage.data.align.one_venue.ordering import TIME
from arbitrage.data.align.options import VENUES
from arbitrage.data.columns import AGES, PRICES, SIZES
from arbitrage.data.venues.quotes import ASK, ASK_SIZE, BID, BID_SIZE

_FIELDS = {"best_bid": BID, "best_ask": ASK, "bid_size": BID_SIZE, "ask_size": ASK_SIZE}
_STAMP, _RATE = "stamp_", "rate_"


@dataclass
class Joiner:
    """Joins window after window.

    Attributes:
        sizes: The columns of sizes that the file gets.
        constant_rates: What the prices of a venue are multiplied by, where that does not change.
        keeps_equal: Whether a row comes, too, that is as the one before it.
        early: How many stamps came before both venues, and the rates, had quoted.
        equal: How many rows were as the one before them.
        written: How many rows came out.
    """

    sizes: tuple[str, ...]
    constant_rates: Mapping[str, float]
    keeps_equal: bool = False
    early: int = 0
    equal: int = 0
    written: int = 0
    _last: pl.DataFrame | None = None

    @property
    def values(self) -> list[str]:
        """The columns of a row whose change makes a new row."""
        return [*PRICES, *self.sizes]

    def rows(
        self,
        times: pl.Series,
        venues: Mapping[str, pl.DataFrame],
        rates: Mapping[str, pl.DataFrame],
    ) -> pl.DataFrame:
        """The rows at these times: the time, prices, sizes and ages.

        Args:
            times: In order, each once.
            venues: The states of both venues, by their letters.
            rates: The states of what a venue's prices are multiplied by.
        """
        joined = times.to_frame(TIME)
        for letter, states in venues.items():
            joined = _as_of(joined, _named(states, letter), _STAMP + letter)
        for letter, states in rates.items():
            rate = states.select(TIME, ((pl.col(BID) + pl.col(ASK)) / 2).alias(_RATE + letter))
            joined = _as_of(joined, rate, f"{_STAMP}{_RATE}{letter}")
        stamps = [name for name in joined.columns if name.startswith(_STAMP)]
        begun = joined.drop_nulls(stamps)
        self.early += joined.height - begun.height
        rows = begun.select(TIME, *self._prices(rates), *self._sizes()).hstack(_ages(begun))
        rows = rows if self.keeps_equal else self._changed(rows)
        self.written += rows.height
        return rows

    def _prices(self, rates: Mapping[str, pl.DataFrame]) -> list[pl.Expr]:
        """The prices in one currency; 0 where a venue has no quote, so that the row is skipped."""
        prices = []
        for name in PRICES:
            letter = name[-1]
            price = pl.col(name)
            if letter in rates:
                price *= pl.col(_RATE + letter)
            elif letter in self.constant_rates:
                price *= self.constant_rates[letter]
            prices.append(price.fill_null(0.0))
        return prices

    def _sizes(self) -> list[pl.Expr]:
        return [pl.col(name).fill_null(0.0) for name in self.sizes]

    def _changed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Those of which a price or a size is not as in the row before."""
        if not rows.height:
            return rows
        values = rows.select(self.values)
        is_first = self._last is None
        before = pl.concat([values.head(1) if self._last is None else self._last, values])
        changes = before.select(pl.any_horizontal(pl.all() != pl.all().shift(1)))
        is_new = changes.to_series().slice(1)
        if is_first:
            is_new = is_new.scatter(0, True)
        self._last = values.tail(1)
        kept = rows.filter(is_new)
        self.equal += rows.height - kept.height
        return kept


def _named(states: pl.DataFrame, letter: str) -> pl.DataFrame:
    fields = {f"{name}_{letter}": field for name, field in _FIELDS.items()}
    return states.select(TIME, **fields)


def _as_of(rows: pl.DataFrame, states: pl.DataFrame, stamp: str) -> pl.DataFrame:
    """The rows with what stood at their times, and since when."""
    begun = states.with_columns(pl.col(TIME).alias(stamp)).set_sorted(TIME)
    return rows.join_asof(begun, on=TIME, strategy="backward")


def _ages(rows: pl.DataFrame) -> list[pl.Series]:
    """Since when each venue's quote stood; divided by numpy, because polars multiplies by 1e-6."""
    return [
        pl.Series(name, (rows[TIME] - rows[_STAMP + letter]).to_numpy() / NS_PER_MS)
        for letter, name in zip(VENUES, AGES, strict=True)
    ]


def size_columns(found: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The columns of sizes that a file gets, by the sizes that each venue has."""
    return tuple(
        name for name in SIZES if {"bid": BID_SIZE, "ask": ASK_SIZE}[name[:3]] in found[name[-1]]
    )
