"""The entry spreads of both sides on the tradable rows, and what they open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arbitrage.data.check.batch import Batch, Floats
from arbitrage.data.check.numbers.distribution import Distribution


@dataclass(frozen=True, slots=True)
class Opening:
    """What would open a trade at some costs, wherever a slot is free.

    Attributes:
        cost_bps: The cost of one execution.
        rows: On how many tradable rows the better spread reaches it.
        share: That of the tradable rows; None without any.
        stretches: In how many runs of such rows, next to each other among the tradable ones.
    """

    cost_bps: float
    rows: int
    share: float | None
    stretches: int


class SpreadCounter:
    """Keeps the spreads of both sides, 16 bytes a tradable row and 8 more once they are asked for.

    Attributes:
        largest_bps: The largest spread; None without tradable rows.
        largest_at: The timestamp of the first row that has it.
    """

    def __init__(self) -> None:
        self._ab: list[Floats] = []
        self._ba: list[Floats] = []
        self.largest_bps: float | None = None
        self.largest_at: str | None = None

    def add(self, batch: Batch) -> None:
        better = np.maximum(batch.spread_ab, batch.spread_ba)
        if not len(better):
            return
        self._ab.append(batch.spread_ab)
        self._ba.append(batch.spread_ba)
        place = int(better.argmax())
        if self.largest_bps is None or better[place] > self.largest_bps:
            self.largest_bps = float(better[place])
            self.largest_at = batch.timestamp(int(batch.tradable_places[place]))

    def spreads(self, cost_bps: float) -> Spreads:
        """What has been seen, which is handed over: the counter is empty then."""
        ab, ba = _joined(self._ab), _joined(self._ba)
        better = np.maximum(ab, ba)
        opening = _opening(better, cost_bps)
        return Spreads(Distribution(ab), Distribution(ba), Distribution(better), opening)


@dataclass(frozen=True)
class Spreads:
    """The spreads of the tradable rows, in bps: of both sides, and the better one of each row."""

    long_a_short_b: Distribution
    long_b_short_a: Distribution
    better: Distribution
    opening: Opening


def _joined(parts: list[Floats]) -> Floats:
    """The parts as one array; they are let go, as all of them once more may be gigabytes."""
    whole = np.concatenate([np.empty(0), *parts])
    parts.clear()
    return whole


def _opening(better: Floats, cost_bps: float) -> Opening:
    opens = better >= cost_bps
    begins = opens[1:] & ~opens[:-1]
    rows = int(opens.sum())
    return Opening(
        cost_bps=cost_bps,
        rows=rows,
        share=rows / len(better) if len(better) else None,
        stretches=int(begins.sum()) + int(opens[:1].sum()),
    )
