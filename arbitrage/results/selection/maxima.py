"""The largest statistic among configs, and the largest of each replicate, which it is held against.

Nothing but maxima is kept of a config: so configs stream past in batches, and those of batches that
were looked at elsewhere are merged. See `superior_ability` for the formulas.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from arbitrage.results.selection.bootstrap import stationary_kernel, stationary_weights
from arbitrage.results.selection.matrix import Floats

# A thousand replicates of these are 4 MB, which are looked at several times over. More at once are
# not quicker, and take more memory.
CONFIGS_AT_ONCE = 500

# What is nearer to a statistic than this share of it equals it: a product of matrices has other
# last bits on another processor, and where its columns are cut otherwise.
_ROUNDING = 1e-9

# Profits that differ by less have lost their digits: their replicates would all be alike, and below
# any statistic.
_ALIKE = 1e-300


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
        room = _Room.of(min(profits.shape[1], CONFIGS_AT_ONCE), *self._weights.shape)
        pieces = [self._of_piece(piece, room) for piece in _pieces(profits)]
        return [functools.reduce(Maxima.merged, each) for each in zip(*pieces, strict=True)]

    def _of_piece(self, profits: Floats, room: _Room) -> list[Maxima]:
        room, n_configs = room.of_first(profits.shape[1]), profits.shape[1]
        room.rows[:] = profits.T
        [varied] = np.nonzero(np.ptp(room.rows, axis=1) > _ALIKE)
        if not varied.size:
            nothing = np.full((3, len(self._weights)), -np.inf)
            none = Maxima(nothing, -math.inf, None, n_configs)
            return [none for _ in self._studentize]
        if varied.size < n_configs:
            room.rows[: varied.size] = room.rows[varied]
        return self._of_varied(room.of_first(varied.size), varied, n_configs)

    def _of_varied(self, room: _Room, places: NDArray[np.intp], n_configs: int) -> list[Maxima]:
        """Of the profits in the room, which vary.

        One product serves all: the weights of a replicate add up to 1, so that of the profits less
        their mean is the replicate's mean less that of the config.
        """
        rows, spare, drawn, measured = room
        means = rows.mean(axis=1)
        rows -= means[:, np.newaxis]
        variances = self._variances(rows, spare)
        bound = -np.sqrt(variances / self._n_periods * 2 * math.log(math.log(self._n_periods)))
        recentring = _Recentring.of(means, bound)
        np.take(rows, recentring.order, axis=0, out=spare, mode="clip")  # which takes no copy
        np.matmul(spare, self._weights.T, out=drawn)
        found = []
        for studentize in self._studentize:
            scales = np.sqrt(variances) if studentize else np.ones(len(means))
            statistics = means / scales
            # Of those that equal the largest the first.
            best = int(np.argmin(_exceeds(statistics.max(), statistics)))
            np.divide(drawn, scales[recentring.order, np.newaxis], out=measured)
            largest = recentring.largest(measured, statistics)
            found.append(Maxima(largest, float(statistics[best]), int(places[best]), n_configs))
        return found

    def _variances(self, deviations: Floats, spare: Floats) -> Floats:
        """Of sqrt(T) times a replicate's mean, for each config."""
        np.matmul(deviations, self._kernel, out=spare)
        products: Floats = np.einsum("ct,ct->c", spare, deviations)
        # The kernel is positive definite; rounding is not.
        return np.maximum(products / self._n_periods, np.finfo(np.float64).tiny)


class _Room(NamedTuple):
    """Room for a piece: memory that is asked for anew takes longer to come than to be used.

    Attributes:
        rows: Configs x periods.
        spare: The same.
        drawn: Configs x replicates.
        measured: The same.
    """

    rows: Floats
    spare: Floats
    drawn: Floats
    measured: Floats

    @classmethod
    def of(cls, configs: int, replicates: int, periods: int) -> Self:
        columns = (periods, periods, replicates, replicates)
        return cls._make(np.empty((configs, count)) for count in columns)

    def of_first(self, configs: int) -> _Room:
        """Room for fewer."""
        return _Room._make(part[:configs] for part in self)


class _Recentring(NamedTuple):
    """Which configs are held against their own mean, and which against 0.

    In the upper p value all are held against their mean; in the consistent one those that are below
    their bound are not, and in the lower one none is that is below 0.

    Attributes:
        order: The configs, those above 0 first and those below their bound last.
        below_zero: The place in it of the first one below 0.
        below_bound: That of the first one below its bound.
    """

    order: NDArray[np.intp]
    below_zero: int
    below_bound: int

    @classmethod
    def of(cls, means: Floats, bound: Floats) -> Self:
        """From the configs' means, and a bound below 0 for each."""
        kinds = (means < 0).astype(np.int8) + (means < bound)
        above, between, _ = np.bincount(kinds, minlength=3).tolist()
        return cls(np.argsort(kinds, kind="stable"), above, above + between)

    def largest(self, drawn: Floats, centres: Floats) -> Floats:
        """Of each replicate for the lower, the consistent and the upper p value.

        Args:
            drawn: Less the configs' means, configs in `order` x replicates. They are overwritten.
            centres: The means, as `drawn` is measured.
        """
        parts = (slice(self.below_zero), slice(*self[1:]), slice(self.below_bound, None))
        above, between, below = (drawn[part].max(axis=0, initial=-np.inf) for part in parts)
        drawn[self.below_zero :] += centres[self.order[self.below_zero :], np.newaxis]
        from_zero = [drawn[part].max(axis=0, initial=-np.inf) for part in parts[1:]]
        return np.array([
            np.maximum.reduce([above, *from_zero]),
            np.maximum.reduce([above, between, from_zero[1]]),
            np.maximum.reduce([above, between, below]),
        ])  # fmt: skip


def _pieces(profits: Floats) -> Iterator[Floats]:
    for start in range(0, max(1, profits.shape[1]), CONFIGS_AT_ONCE):
        yield profits[:, start : start + CONFIGS_AT_ONCE]


def _exceeds(one: Floats | float, other: Floats | float) -> NDArray[np.bool_]:
    """Whether one number is above another by more than rounding."""
    exceeds: NDArray[np.bool_] = np.subtract(one, other) > _ROUNDING * np.abs(other)
    return exceeds
