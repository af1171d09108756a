"""How long a venue's quote stands still: a feed that has gone silent looks like that."""

from __future__ import annotations

import numpy as np

from arbitrage.data.check.batch import Batch, Venue
from arbitrage.data.check.counts.times import NS


class StillnessCounter:
    """Finds the longest time for which bid and ask of a venue are those of the row before."""

    def __init__(self, venue: Venue) -> None:
        self._prices = f"best_bid_{venue}", f"best_ask_{venue}"
        self._since: tuple[int, str] | None = None
        self._longest_ns = -1
        self._from = ""
        self._is_known = True

    def add(self, batch: Batch) -> None:
        times = batch.times_ns
        self._is_known &= times is not None
        if times is None or not self._is_known:
            return
        changed = np.zeros(len(times) - 1, np.bool_)
        for name in self._prices:
            prices = batch.column(name)
            changed |= prices[1:] != prices[:-1]
        starts = np.flatnonzero(changed) + 1
        began = self._since or (int(times[0]), batch.timestamp(0))
        lengths = times[np.append(starts - 1, -1)] - np.insert(times[starts], 0, began[0])
        longest = int(lengths.argmax())
        if lengths[longest] > self._longest_ns:
            self._longest_ns = int(lengths[longest])
            self._from = batch.timestamp(int(starts[longest - 1])) if longest else began[1]
        if len(starts):
            began = int(times[starts[-1]]), batch.timestamp(int(starts[-1]))
        self._since = began

    @property
    def seconds(self) -> float | None:
        """The longest such time; None where the times are not known."""
        return self._longest_ns / NS if self._is_known else None

    @property
    def since(self) -> str | None:
        """The timestamp of the row that it begins with."""
        return self._from if self._is_known else None
