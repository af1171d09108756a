"""Whether the best of many configs beats doing nothing by more than luck: Hansen's test.

Hansen: A Test for Superior Predictive Ability (2005), after White's reality check (2000). With the
profits d of T periods, their means m and long-run variances w, the statistic is the largest
m / sqrt(w). A replicate of the stationary bootstrap has the largest of (its means - c) / sqrt(w),
and the p value is the share of replicates that exceed the statistic:

    lower         c = max(m, 0)
    consistent    c = m where m >= -sqrt(w / T * 2 log log T), else 0
    upper         c = m

One row of weights is a replicate of all configs at once, so configs stream past in batches. This is
for programs: `arbtune verdict` tests by `results/verdict/luck.py`.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from arbitrage.results.selection.bootstrap import optimal_mean_block
from arbitrage.results.selection.matrix import Floats, profits_of
from arbitrage.results.selection.maxima import Maxima, Replicates
from arbitrage.results.selection.replicates import DEFAULT_REPLICATES

_MIN_PERIODS = 3  # log log T has no value below


@dataclass(frozen=True, slots=True)
class SuperiorAbility:
    """What the test found.

    Attributes:
        lower: The p value if no config were worse than doing nothing.
        consistent: The p value to judge by.
        upper: The p value if all configs were as good as doing nothing, as White's reality check.
        best: Which config has the largest statistic, counted over all batches; None where none
            takes part.
        n_configs: How many configs there were.
        mean_block: The mean block of the bootstrap, in periods.
    """

    lower: float
    consistent: float
    upper: float
    best: int | None
    n_configs: int
    mean_block: float


def superior_predictive_ability(
    batches: Iterable[ArrayLike],
    *,
    n_bootstrap: int = DEFAULT_REPLICATES,
    mean_block: float | None = None,
    seed: int = 0,
    studentize: bool = True,
) -> SuperiorAbility:
    """Test whether the best config beats doing nothing.

    A config whose profits are all the same takes no part. Without one that does, each p value is 1.

    Args:
        batches: Profits, each an array of periods x configs, all of the same periods.
        n_bootstrap: How many replicates are drawn.
        mean_block: The mean length of the bootstrap's blocks, at least 1 period. Unless given, it
            is chosen by Politis and White on the config with the largest mean: of all batches where
            they can be walked twice, as those of a list, else of the first one.
        seed: The same seed draws the same replicates.
        studentize: Whether each config is measured by its own standard deviation.

    Raises:
        ValueError: There are fewer than 3 periods, or the batches are not such finite arrays.
    """
    if n_bootstrap < 1:
        raise ValueError(f"n_bootstrap must be at least 1, not {n_bootstrap}")
    if mean_block is not None and not 1 <= mean_block < math.inf:
        raise ValueError(f"mean_block must be at least 1, not {mean_block}")
    walked, is_walked_once = _begun(batches)
    first = next(iter(walked), None)
    if first is None:
        raise ValueError("batches must hold at least one array of periods x configs")
    periods = len(_checked(first, None))
    if is_walked_once:
        walked = itertools.chain([first], walked)
    if mean_block is None:
        mean_block = optimal_mean_block(_winner([first] if is_walked_once else walked))
    replicates = Replicates(periods, mean_block, n_bootstrap, seed, studentize=[studentize])
    parts = (replicates.maxima(_checked(batch, periods))[0] for batch in walked)
    found = functools.reduce(Maxima.merged, parts)
    lower, consistent, upper = found.p_values(found.statistic)
    return SuperiorAbility(lower, consistent, upper, found.best, found.n_configs, mean_block)


def _begun(batches: Iterable[ArrayLike]) -> tuple[Iterable[ArrayLike], bool]:
    """The batches, one where it is a single matrix, and whether they can be walked only once."""
    if isinstance(batches, np.ndarray) and batches.ndim == 2:  # noqa: PLR2004 - a matrix
        batches = [batches]
    return batches, iter(batches) is batches


def _checked(batch: ArrayLike, periods: int | None) -> Floats:
    """A batch as numbers.

    Raises:
        ValueError: It is not a matrix of so many periods, all of it finite.
    """
    profits = profits_of(batch)
    if len(profits) < _MIN_PERIODS:
        raise ValueError(f"there must be at least {_MIN_PERIODS} periods, not {len(profits)}")
    if periods is not None and len(profits) != periods:
        raise ValueError(f"a batch has {len(profits)} periods, and the first one {periods}")
    return profits


def _winner(batches: Iterable[ArrayLike]) -> Floats:
    """The profits of the config with the largest mean, of those whose profits vary."""
    return max(_best_of_each(batches), key=np.mean, default=np.zeros(_MIN_PERIODS))


def _best_of_each(batches: Iterable[ArrayLike]) -> Iterator[Floats]:
    for batch in batches:
        profits = _checked(batch, None)
        varied = profits[:, np.ptp(profits, axis=0) > 0]
        if varied.shape[1]:
            yield varied[:, varied.mean(axis=0).argmax()]
