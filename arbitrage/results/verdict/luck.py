"""The test of a search: whether its best config beats doing nothing by more than luck.

Every config of the search takes part, and streams past. It is tested in two measures, by the same
replicates: each config by its own long-run deviation (Hansen's test, studentized), and all in
dollars. An edge shows in both.

- By its own deviation a config that has had small gains only looks as if it could not lose: over
  few periods some of many configs that do lose now and then have not lost yet. In dollars they are
  held against those that have.
- In dollars the largest configs drown what is small and steady.

The first measure is calibrated (`selection.calibration`), because its deviations are estimated.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from arbitrage.documents.spec.axes import Indices
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.selection.calibration import calibrated_statistic
from arbitrage.results.selection.matrix import Floats
from arbitrage.results.selection.maxima import CONFIGS_AT_ONCE, Maxima, Replicates
from arbitrage.results.verdict.clocked import ClockedData
from arbitrage.results.verdict.search import Search

STUDENTIZE = (True, False)
"""The measures: by each config's own deviation, and in dollars."""


@dataclass(frozen=True)
class Draws:
    """What the replicates are drawn by: the same numbers draw the same ones anywhere."""

    mean_block: float
    n_bootstrap: int
    seed: int

    def replicates(self, n_periods: int) -> Replicates:
        return Replicates(
            n_periods, self.mean_block, self.n_bootstrap, self.seed, studentize=STUDENTIZE
        )


@dataclass(frozen=True)
class Luck:
    """What the test found.

    Attributes:
        by_deviation: The maxima by each config's own deviation.
        in_dollars: The maxima in dollars.
    """

    by_deviation: Maxima
    in_dollars: Maxima
    n_periods: int
    draws: Draws

    @cached_property
    def calibrated(self) -> float:
        """The consistent p value of Hansen's test, studentized and calibrated."""
        return self.by_deviation.p_values(self._fair(self.by_deviation.statistic))[1]

    @cached_property
    def dollars(self) -> float:
        """The consistent p value in dollars."""
        return self.in_dollars.p_values(self.in_dollars.statistic)[1]

    @property
    def p_value(self) -> float:
        """The larger of the two: what the verdict goes by.

        It is not below what so many replicates can tell apart.
        """
        return max(self.calibrated, self.dollars, 1 / (self.draws.n_bootstrap + 1))

    def of_config(self, profits: Floats) -> float:
        """The p value of one config of the search, as the largest of all would have it.

        Args:
            profits: Its profits in the periods.
        """
        if not np.ptp(profits):
            return 1.0
        [by_deviation, in_dollars] = self._statistics(profits)
        return max(
            self.by_deviation.p_values(self._fair(by_deviation))[1],
            self.in_dollars.p_values(in_dollars)[1],
        )

    def _fair(self, statistic: float) -> float:
        return calibrated_statistic(statistic, self.n_periods, self.draws.mean_block)

    def _statistics(self, profits: Floats) -> list[float]:
        one = replace(self.draws, n_bootstrap=1).replicates(self.n_periods)
        return [found.statistic for found in one.maxima(profits[:, np.newaxis])]


Tell = Callable[[int], None]
"""Called with how many configs more are done."""

Tested = Callable[[Search, ClockedData, Draws, Tell], list[Maxima]]
"""Tests all configs of a search, in this process or elsewhere; maxima for each of the measures."""


def tested_here(search: Search, clocked: ClockedData, draws: Draws, tell: Tell) -> list[Maxima]:
    """The maxima of all configs of a search, computed in this process."""
    replicates, found = draws.replicates(len(clocked.periods)), []
    for piece in search.pieces:
        found.append(maxima_of(piece.sweep.spec, piece.numbers, clocked, replicates))
        tell(len(piece.numbers))
    return merged(found)


def maxima_of(
    spec: SweepSpec, numbers: Indices, clocked: ClockedData, replicates: Replicates
) -> list[Maxima]:
    """The maxima of some configs of a sweep.

    They are drawn together by the thousands of their numbers, so that the same matrices are
    multiplied wherever a search was cut: a matrix of another shape has other last bits.

    Args:
        spec: Whose configs they are.
        numbers: Their numbers, rising.
        clocked: What the sweep is over.
        replicates: By which they are drawn.
    """
    profits = clocked.profits(spec, numbers)
    return merged([replicates.maxima(profits[:, group]) for group in _together(numbers)])


def merged(parts: Sequence[Sequence[Maxima]]) -> list[Maxima]:
    """The maxima of parts that follow each other, for each of the measures."""
    return [functools.reduce(Maxima.merged, each) for each in zip(*parts, strict=True)]


def _together(numbers: Indices) -> Iterator[slice]:
    """The places of those that are drawn together."""
    firsts = np.flatnonzero(np.diff(numbers // CONFIGS_AT_ONCE, prepend=-1))
    stops = [*firsts[1:].tolist(), len(numbers)]
    for first, stop in zip(firsts.tolist(), stops, strict=True):
        yield slice(first, stop)
