"""Books that cannot be traded: empty, crossed or locked, by venue and by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arbitrage.data.check.batch import Batch, Flags, Venue


@dataclass(slots=True)
class Books:
    """On how many rows a book is not usable, and why.

    `empty`: a price of 0 or below. `crossed`: a bid above its ask. `locked`: a bid that is its ask.
    """

    empty: int = 0
    crossed: int = 0
    locked: int = 0

    def add(self, empty: Flags, crossed: Flags, locked: Flags) -> None:
        """Count rows, each under the first reason that holds."""
        crossed = crossed & ~empty
        self.empty += int(empty.sum())
        self.crossed += int(crossed.sum())
        self.locked += int((locked & ~empty & ~crossed).sum())


class BookCounter:
    """Counts the books of each venue, and the rows that they make untradable.

    Attributes:
        rows: How many rows there are, and how many of them are tradable.
        of_venue: Of each venue's books alone.
        skipped: Of rows: empty where either book is, else crossed, else locked.
    """

    def __init__(self) -> None:
        self.rows = self.tradable = 0
        self.of_venue: dict[Venue, Books] = {"a": Books(), "b": Books()}
        self.skipped = Books()

    def add(self, batch: Batch) -> None:
        reasons = [_reasons(batch, venue) for venue in self.of_venue]
        for books, flags in zip(self.of_venue.values(), reasons, strict=True):
            books.add(*flags)
        self.skipped.add(*(a | b for a, b in zip(*reasons, strict=True)))
        self.rows += len(batch.is_tradable)
        self.tradable += int(batch.is_tradable.sum())


def _reasons(batch: Batch, venue: Venue) -> tuple[Flags, Flags, Flags]:
    bid, ask = batch.new(f"best_bid_{venue}"), batch.new(f"best_ask_{venue}")
    return np.minimum(bid, ask) <= 0, bid > ask, bid == ask
