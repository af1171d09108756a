"""How often the config that was best on one half of the data is below the median on the other.

Bailey, Borwein, Lopez de Prado and Zhu: The Probability of Backtest Overfitting (2016), by
combinatorially symmetric cross-validation.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice

import numpy as np
from numpy.typing import ArrayLike, NDArray

from arbitrage.results.selection.matrix import Floats, profits_of

_CELLS_AT_ONCE = 2_000_000  # of halves times configs

# A variance below this share of the mean square is rounding: all profits are the same.
_ROUNDING = 1e-12


def probability_of_backtest_overfitting(matrix: ArrayLike, n_blocks: int) -> float:
    """The share of halves on which the best config of the other half is in the lower half.

    The rows are cut into blocks of as equal a length as can be. Each choice of half of them is a
    training set, the others are its test. The best config by Sharpe ratio in training has the rank
    r of N in the test, 1 being the worst, equal ones having their mean; it counts when
    r / (N + 1) is at most 1/2. Near 1/2 the choice among the configs does not matter.

    Args:
        matrix: Profits, periods x configs. A config of equal profits has the Sharpe ratio 0.
        n_blocks: An even number, at least 2 and at most the number of periods.

    Raises:
        ValueError: Not such a matrix of finite numbers, or not such a number of blocks.
    """
    profits = profits_of(matrix)
    if not profits.size:
        raise ValueError("profits must be of at least one period and one config")
    if n_blocks not in range(2, len(profits) + 1, 2):
        raise ValueError(f"n_blocks must be even, from 2 to {len(profits)}, not {n_blocks}")
    blocks = _Blocks(profits, n_blocks)
    overfit = [blocks.are_overfit(chosen) for chosen in _halves(n_blocks, profits.shape[1])]
    return float(np.concatenate(overfit, axis=None).mean())


def _halves(n_blocks: int, n_configs: int) -> Iterator[Floats]:
    """The choices of half of the blocks that have the first one; the others are what these leave.

    They come some at a time: choices x blocks, 1 where chosen.
    """
    choices = combinations(range(1, n_blocks), n_blocks // 2 - 1)
    while some := list(islice(choices, max(1, _CELLS_AT_ONCE // n_configs))):
        chosen = np.zeros((len(some), n_blocks))
        chosen[:, 0] = 1.0
        np.put_along_axis(chosen, np.array(some, np.intp), 1.0, axis=1)
        yield chosen


class _Blocks:
    """Sums of the blocks of a matrix, from which those of any choice of blocks follow."""

    def __init__(self, profits: Floats, n_blocks: int) -> None:
        self._means = profits.mean(axis=0)
        shifted = profits - self._means  # or squares would lose what the mean is large against
        starts = [len(profits) * block // n_blocks for block in range(n_blocks)]
        self._lengths = np.diff([*starts, len(profits)])
        self._sums = np.add.reduceat(shifted, starts)
        self._squares = np.add.reduceat(shifted**2, starts)

    def are_overfit(self, chosen: Floats) -> list[NDArray[np.bool_]]:
        """Whether the best config of each choice is in the lower half of the blocks it leaves.

        The same is told of the choices of all that these leave, which have the same two halves.
        """
        half, other = self._sharpe_ratios(chosen), self._sharpe_ratios(1 - chosen)
        return [_are_overfit(half, other), _are_overfit(other, half)]

    def _sharpe_ratios(self, chosen: Floats) -> Floats:
        """Choices x configs."""
        lengths = (chosen @ self._lengths)[:, np.newaxis]
        means, squares = chosen @ self._sums / lengths, chosen @ self._squares / lengths
        variances = squares - means**2
        is_varied = variances > _ROUNDING * squares
        spread = np.sqrt(np.where(is_varied, variances, 1.0))
        return np.where(is_varied, (means + self._means) / spread, 0.0)


def _are_overfit(trained: Floats, tested: Floats) -> NDArray[np.bool_]:
    """Of Sharpe ratios in training and in the test, choices x configs."""
    best = trained.argmax(axis=1)[:, np.newaxis]
    its_own = np.take_along_axis(tested, best, axis=1)
    below = (tested < its_own).sum(axis=1)
    equal = (tested == its_own).sum(axis=1)
    rank = below + (equal + 1) / 2
    in_lower_half: NDArray[np.bool_] = rank / (tested.shape[1] + 1) <= 1 / 2
    return in_lower_half
