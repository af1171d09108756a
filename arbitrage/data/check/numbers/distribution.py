"""Many numbers in their order: how many lie where, and their quantiles, all exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arbitrage.data.check.batch import Floats


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Of n numbers in rising order; a quantile q is number ceil(q n), from 1, so one of them.

    `p99_9` is that of 99.9 %.
    """

    min: float
    p1: float
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float
    p99: float
    p99_9: float
    max: float


_PER_MILLE = (0, 10, 50, 250, 500, 750, 950, 990, 999, 1_000)  # of the fields above, in turn


class Distribution:
    """Numbers, which are sorted in place; none is NaN."""

    def __init__(self, numbers: Floats) -> None:
        self._sorted = numbers
        self._sorted.sort()

    def __len__(self) -> int:
        return len(self._sorted)

    def above(self, bound: float) -> int:
        """How many exceed a bound."""
        return len(self) - int(np.searchsorted(self._sorted, bound, side="right"))

    def from_on(self, bound: float) -> int:
        """How many are at a bound or above it."""
        return len(self) - int(np.searchsorted(self._sorted, bound, side="left"))

    def reached_by(self, count: int) -> float:
        """The highest number that so many are at or above; the largest for a count of 1."""
        return float(self._sorted[-count])

    def at(self, per_mille: int) -> float:
        """A quantile, as `Quantiles` defines it."""
        return float(self._sorted[max(0, -(-len(self) * per_mille // 1_000) - 1)])

    def quantiles(self) -> Quantiles | None:
        """The quantiles, or None where there are no numbers."""
        if not len(self):
            return None
        return Quantiles(*map(self.at, _PER_MILLE))
