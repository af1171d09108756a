"""The largest statistic among configs, and the largest of each replicate, which it is held against.

Nothing but maxima is kept of a config: so configs stream past in batches, and those of batches that
were looked at elsewhere are merged. See `superior_ability` for the formulas.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arbitrage.results.selection.bootstrap import stationary_kernel, stationary_weights
from arbitrage.results.selection.matrix import Floats

CONFIGS_AT_ONCE = 2_000

# What is nearer to a statistic than this share of it equals it: a product of matrices has other
# last bits on another processor, and where its columns are cut otherwise.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Maxima:
    """What some configs come to.

    Attributes:
        largest: Of each replicate, 3 x replicates: recentred as for the lower, the consistent and
            the upper p value.
        statistic: Of the configs themselves, mean over long-run deviation; -inf where none takes
            part.
        best: Which config has it, counted from 0 in their order; None where none takes part.
        n_configs: How many they are, those included that take no part.
    """

    largest: Floats
    statistic: float
    best: int | None
    n_configs: int

    def merged(self, following: Maxima) -> Maxima:
        """The maxima of these configs and of others, which come after them."""
        largest = np.maximum(self.largest, following.largest)
        n_configs = self.n_configs + following.n_configs
        is_first = self.best is not None and not _exceeds(following.statistic, self.statistic)
        if is_first or following.best is None:
            return Maxima(largest, self.statistic, self.best, n_configs)
        return Maxima(largest, following.statistic, self.n_configs + following.best, n_configs)

    def p_values(self, statistic: float) -> tuple[float, float, float]:
        """The share of replicates that exceed a statistic: lower, consistent, upper.

        Without a config that takes part, each is 1.
        """
        if self.best is None:
            return 1.0, 1.0, 1.0
        lower, consistent, upper = _exceeds(self.largest, statistic).mean(axis=1).tolist()
        return lower, consistent, upper


class Replicates:
    """The replicates of a bootstrap, by which all configs are drawn.

    Args:
        n_periods: How many periods profits have, at least 3.
        mean_block: The mean length of its blocks, in periods.
        n_bootstrap: How many replicates there are.
        seed: The same seed draws the same ones, on any machine.
        studentize: Whether each config is measured by its own long-run deviation; maxima are found
            for each of these.
    """

    def __init__(
        self,
        n_periods: int,
        mean_block: float,
        n_bootstrap: int,
        seed: int,
        *,
        studentize: Sequence[bool],
    ) -> None:
        self._n_periods = n_periods
        self._studentize = studentize
        self._weights = stationary_weights(n_periods, mean_block, n_bootstrap, seed)
        self._kernel = stationary_kernel(n_periods, mean_block)

    def maxima(self, profits: Floats) -> list[Maxima]:
        """Those of some configs, periods x configs, for each element of `studentize`.

        A config whose profits are all the same takes no part.
        """
        pieces = [self._of_piece(piece) for piece in _pieces(profits)]
        return [functools.reduce(Maxima.merged, each) for each in zip(*pieces, strict=True)]

    def _of_piece(self, profits: Floats) -> list[Maxima]:
        [varied] = np.nonzero(np.ptp(profits, axis=0))
        if not varied.size:
            nothing = np.full((3, len(self._weights)), -np.inf)
            none = Maxima(nothing, -math.inf, None, profits.shape[1])
            return [none for _ in self._studentize]
        return self._of_varied(profits[:, varied], varied, profits.shape[1])

    def _of_varied(self, profits: Floats, places: NDArray[np.intp], n_configs: int) -> list[Maxima]:
        means = profits.mean(axis=0)
        variances = self._variances(profits - means)
        bound = -np.sqrt(variances / self._n_periods * 2 * math.log(math.log(self._n_periods)))
        centres = (np.maximum(means, 0), np.where(means >= bound, means, 0), means)
        drawn = self._weights @ profits
        found = []
        for studentize in self._studentize:
            scales = np.sqrt(variances) if studentize else np.ones(len(means))
            largest = [((drawn - centre) / scales).max(axis=1) for centre in centres]
            statistics = means / scales
            # Of those that equal the largest the first.
            best = int(np.argmin(_exceeds(statistics.max(), statistics)))
            own = float(statistics[best])
            found.append(Maxima(np.array(largest), own, int(places[best]), n_configs))
        return found

    def _variances(self, deviations: Floats) -> Floats:
        """Of sqrt(T) times a replicate's mean, for each config."""
        products: Floats = (deviations * (self._kernel @ deviations)).sum(axis=0)
        # The kernel is positive definite; rounding is not.
        return np.maximum(products / self._n_periods, np.finfo(np.float64).tiny)


def _pieces(profits: Floats) -> Iterator[Floats]:
    for start in range(0, max(1, profits.shape[1]), CONFIGS_AT_ONCE):
        yield profits[:, start : start + CONFIGS_AT_ONCE]


def _exceeds(one: Floats | float, other: Floats | float) -> NDArray[np.bool_]:
    """Whether one number is above another by more than rounding."""
    exceeds: NDArray[np.bool_] = np.subtract(one, other) > _ROUNDING * np.abs(other)
    return exceeds
