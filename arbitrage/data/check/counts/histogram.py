"""The distribution of both spreads in bins, as a picture has them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from decimal import Decimal

from arbitrage.data.check.counts.spreads import Spreads
from arbitrage.data.check.numbers.distribution import Distribution
from arbitrage.data.check.numbers.round_figures import round_figure_from

_BINS = 16  # at most, and one at each end for what lies further out
_CORE = 10, 999  # the quantiles that lie in bins of their own, per mille


@dataclass(frozen=True, slots=True)
class Bin:
    """How many tradable rows have a spread at or above `from_bps` and below `to_bps`.

    The first bin has no lower end and the last no upper one.
    """

    from_bps: float | None
    to_bps: float | None
    long_a_short_b: int
    long_b_short_a: int


def histogram(spreads: Spreads) -> list[Bin]:
    """Bins of one width, a round figure, with a round figure's multiples for edges."""
    sides = spreads.long_a_short_b, spreads.long_b_short_a
    if not len(sides[0]):
        return []
    edges = _edges(sides)
    counts = [_between(side, edges) for side in sides]
    ends = zip([None, *edges], [*edges, None], strict=True)
    bins = [Bin(*end, *both) for end, both in zip(ends, zip(*counts, strict=True), strict=True)]
    return bins[not _is_full(bins[0]) : len(bins) - (not _is_full(bins[-1]))]


def _edges(sides: tuple[Distribution, Distribution]) -> list[float]:
    low, high = min(side.at(_CORE[0]) for side in sides), max(side.at(_CORE[1]) for side in sides)
    width = round_figure_from((high - low) / _BINS) if high > low else Decimal(1)
    first, last = (math.floor(Decimal(end) / width) for end in (low, high))
    return [float(width * place) for place in range(first, last + 2)]


def _between(side: Distribution, edges: list[float]) -> list[int]:
    """How many lie below the first edge, between one and the next, and from the last one on."""
    from_on = [len(side), *map(side.from_on, edges), 0]
    return [here - beyond for here, beyond in itertools.pairwise(from_on)]


def _is_full(bin_: Bin) -> bool:
    return bin_.long_a_short_b + bin_.long_b_short_a > 0
