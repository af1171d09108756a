"""Counts how often the test calls something an edge, on profits of which the answer is known.

python -m tests.luck.noise
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arbitrage.results.selection.bootstrap import optimal_mean_block
from arbitrage.results.verdict.luck import Draws, Luck

Floats = NDArray[np.float64]

REPLICATES = 300
SIZES = ((100, 123, 200), (100, 10_000, 40), (30, 1_000, 100))  # periods, configs, sets


def normal(random: np.random.Generator, periods: int, configs: int) -> Floats:
    return random.standard_normal((periods, configs))


def rare_losses(random: np.random.Generator, periods: int, configs: int) -> Floats:
    """A gain in 97 of 100 periods, which the other 3 take back."""
    is_loss = random.random((periods, configs)) < 0.03
    return np.where(is_loss, -0.97, 0.03) + 0.01 * random.standard_normal((periods, configs))


def of_many_sizes(random: np.random.Generator, periods: int, configs: int) -> Floats:
    return normal(random, periods, configs) * np.exp(2 * random.standard_normal(configs))


def hanging_on(random: np.random.Generator, periods: int, configs: int) -> Floats:
    """Each profit is 0.3 of the one before, and noise."""
    found = normal(random, periods, configs)
    for period in range(1, periods):
        found[period] += 0.3 * found[period - 1]
    return found


def with_an_edge(random: np.random.Generator, periods: int, configs: int) -> Floats:
    """One config has a Sharpe ratio of 0.5 a period."""
    found = normal(random, periods, configs)
    found[:, 5] += 0.5
    return found


KINDS: dict[str, Callable[[np.random.Generator, int, int], Floats]] = {
    "normal": normal,
    "small gains, rare losses": rare_losses,
    "of very different sizes": of_many_sizes,
    "0.3 of the period before": hanging_on,
    "normal, one with an edge": with_an_edge,
}


class Called(NamedTuple):
    """Whether each p value is at most 0.05: studentized, calibrated, in dollars, the verdict's."""

    studentized: bool
    calibrated: bool
    in_dollars: bool
    verdict: bool


def called(profits: Floats, seed: int) -> Called:
    """What the test says of some profits, periods x configs."""
    block = optimal_mean_block(profits[:, profits.mean(axis=0).argmax()])
    draws = Draws(block, REPLICATES, seed)
    by_deviation, in_dollars = draws.replicates(len(profits)).maxima(profits)
    luck = Luck(by_deviation, in_dollars, len(profits), draws)
    studentized = by_deviation.p_values(by_deviation.statistic)[1]
    p_values = (studentized, luck.calibrated, luck.dollars, luck.p_value)
    return Called(*(p_value <= 0.05 for p_value in p_values))


def main() -> None:
    print(f"{'profits':<26}{'periods x configs':>18}{'sets':>6}", *Called._fields, sep="  ")
    for name, profits in KINDS.items():
        for periods, configs, sets in SIZES:
            found = [
                called(profits(np.random.default_rng(1_000 * number + 7), periods, configs), number)
                for number in range(sets)
            ]
            shares = [f"{sum(each) / sets:.2f}" for each in zip(*found, strict=True)]
            print(f"{name:<26}{f'{periods} x {configs:,}':>18}{sets:>6}", *shares, sep="  ")


if __name__ == "__main__":
    main()
