"""Some rows of a file, as every counter is shown them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arbitrage.data.columns import TIMESTAMP
from arbitrage.data.rules.moment_columns import moments_of
from arbitrage.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

Venue: TypeAlias = Literal["a", "b"]
BPS = 10_000


@dataclass(frozen=True)
class Batch:
    """Rows in the order of the file, behind the last one of the batch before, if there is one.

    Attributes:
        frame: The columns of a `SnapshotTable`.
        start: The number of the frame's first row in the file, from 0.
        seen: How many rows of the frame an earlier batch had: 0 or 1.
    """

    frame: pl.DataFrame
    start: int
    seen: int

    def column(self, name: str) -> Floats:
        """The numbers of all rows of the frame."""
        return self.frame[name].to_numpy()

    def new(self, name: str) -> Floats:
        """The numbers of the rows that no batch had before."""
        return self.column(name)[self.seen :]

    def timestamp(self, place: int) -> str:
        """The timestamp of a row of the frame, as the file has it."""
        text: str = self.frame[TIMESTAMP][place]
        return text

    @cached_property
    def times_ns(self) -> Integers | None:
        """The times of all rows of the frame, or None where 64 bits do not hold them."""
        try:
            return moments_of(self.frame[TIMESTAMP])
        except DataError:
            return None

    @cached_property
    def is_tradable(self) -> Flags:
        """Which of the new rows are, by the rule of `OrderBookSnapshot.is_tradable`."""
        return self.is_usable("a") & self.is_usable("b")

    def is_usable(self, venue: Venue) -> Flags:
        """On which of the new rows a venue's book is neither empty nor crossed nor locked."""
        bid, ask = self.new(f"best_bid_{venue}"), self.new(f"best_ask_{venue}")
        return (bid > 0.0) & (bid < ask) & (ask < np.inf)

    def tradable(self, name: str) -> Floats:
        """The numbers of the new rows that are tradable."""
        return self.new(name)[self.is_tradable]

    @cached_property
    def tradable_places(self) -> Integers:
        """The places of the new rows that are tradable, in the frame."""
        return np.flatnonzero(self.is_tradable) + self.seen

    @cached_property
    def spread_ab(self) -> Floats:
        """What LONG_A_SHORT_B opens at on each tradable new row, in bps."""
        ask = self.tradable("best_ask_a")
        return (self.tradable("best_bid_b") - ask) / ask * BPS

    @cached_property
    def spread_ba(self) -> Floats:
        """What LONG_B_SHORT_A opens at on each tradable new row, in bps."""
        ask = self.tradable("best_ask_b")
        return (self.tradable("best_bid_a") - ask) / ask * BPS


class Counter(Protocol):
    """What is shown every batch of a file in turn."""

    def add(self, batch: Batch) -> None: ...


def batches(frames: Iterable[pl.DataFrame]) -> Iterator[Batch]:
    """The batches of a file that comes in parts, none of them empty."""
    start, before = 0, None
    for frame in frames:
        seen = 0 if before is None else 1
        whole = frame if before is None else pl.concat([before, frame])
        yield Batch(whole, start - seen, seen)
        start, before = start + frame.height, frame.tail(1)
