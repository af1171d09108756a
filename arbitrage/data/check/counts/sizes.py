"""Displayed sizes, and what one trade could take where it would open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arbitrage.data.check.batch import Batch, Floats
from arbitrage.data.check.numbers.distribution import Distribution, Quantiles
from arbitrage.data.columns import SIZES


@dataclass(frozen=True, slots=True)
class Sizes:
    """The displayed sizes of a file that has them.

    Attributes:
        zeros: Of each column, on how many rows nothing is displayed.
        largest: Of each column, the largest size, in base units.
        capacity_usd: What a trade could take, at a `size_share` of 1, on the tradable rows on which
            one would open; None where there are none, or not all four columns.
    """

    zeros: dict[str, int]
    largest: dict[str, float]
    capacity_usd: Quantiles | None


class SizeCounter:
    """Counts the sizes of each column, and keeps the capacity of rows that would open a trade.

    Args:
        cost_bps: The cost of one execution, which the better spread has to reach.
    """

    def __init__(self, cost_bps: float) -> None:
        self._cost_bps = cost_bps
        self._zeros: dict[str, int] = {}
        self._largest: dict[str, float] = {}
        self._capacities: list[Floats] = []

    def add(self, batch: Batch) -> None:
        columns = [name for name in SIZES if name in batch.frame.columns]
        for name in columns:
            sizes = batch.new(name)
            self._zeros[name] = self._zeros.get(name, 0) + int((sizes == 0).sum())
            self._largest[name] = max(self._largest.get(name, 0.0), float(sizes.max()))
        if len(columns) == len(SIZES):
            self._capacities.append(self._capacity_usd(batch))

    def _capacity_usd(self, batch: Batch) -> Floats:
        """As docs/model.md has it: the smaller size of the two legs, at the ask of the long one."""
        is_ab = batch.spread_ab >= batch.spread_ba
        opens = np.where(is_ab, batch.spread_ab, batch.spread_ba) >= self._cost_bps
        long_size = np.where(is_ab, batch.tradable("ask_size_a"), batch.tradable("ask_size_b"))
        short_size = np.where(is_ab, batch.tradable("bid_size_b"), batch.tradable("bid_size_a"))
        ask = np.where(is_ab, batch.tradable("best_ask_a"), batch.tradable("best_ask_b"))
        capacity_usd = np.minimum(long_size, short_size) * ask
        return capacity_usd[opens]

    def sizes(self) -> Sizes | None:
        """What has been seen; None of a file without sizes."""
        if not self._zeros:
            return None
        capacities = np.concatenate([np.empty(0), *self._capacities])
        return Sizes(self._zeros, self._largest, Distribution(capacities).quantiles())
