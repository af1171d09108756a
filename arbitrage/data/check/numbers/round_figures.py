"""Round figures, which are 1, 2 and 5 times a power of ten, and counts of values by them.

What is usual in a file, and from where on something is not, is told in round figures: so both are
exact, however many values there are, and a handful of counts is all that is kept.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_DIGITS = (1, 2, 5)
_A_POWER = len(_DIGITS)  # from a figure to ten times as much
_USUAL_PCT = 95


def round_figures(lowest: int, highest: int) -> list[Decimal]:
    """Those from 10**lowest to 5 * 10**highest, rising."""
    return [
        Decimal(digit).scaleb(power) for power in range(lowest, highest + 1) for digit in _DIGITS
    ]


def round_figure_from(number: float) -> Decimal:
    """The least round figure that is at or above a number above 0."""
    exact = Decimal(number)
    power = exact.adjusted()
    return next(figure for figure in round_figures(power, power + 1) if figure >= exact)


class Unusual(NamedTuple):
    """What lies far beyond the usual.

    Attributes:
        usual: The least round figure that at least 95 % of the values do not exceed; None without
            values.
        bound: Ten times that.
        exceeding: How many values exceed the bound; None without one.
    """

    usual: float | None
    bound: float | None
    exceeding: int | None


class RoundCounts:
    """How many values lie between one round figure and the next."""

    def __init__(self, figures: NDArray[Any]) -> None:
        self._figures = figures
        self._counts = np.zeros(len(figures) + 1, np.int64)

    def add(self, values: NDArray[Any]) -> None:
        """Count values; of those between two figures, the upper one is the last."""
        places = np.searchsorted(self._figures, values)
        self._counts += np.bincount(places, minlength=len(self._counts))

    def above(self, figure: float) -> int:
        """How many values exceed one of the figures."""
        return int(self._counts[np.searchsorted(self._figures, figure) + 1 :].sum())

    def unusual(self) -> Unusual:
        """Which values are unusual, and how many."""
        total = int(self._counts.sum())
        covered = 100 * np.cumsum(self._counts) >= _USUAL_PCT * total
        place = int(np.argmax(covered))
        if not total or place + _A_POWER >= len(self._figures):
            return Unusual(None, None, None)
        usual, bound = self._figures[place], self._figures[place + _A_POWER]
        return Unusual(usual.item(), bound.item(), self.above(bound))
