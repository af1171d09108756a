"""What a statistic is worth whose deviation was estimated from the same few periods."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from arbitrage.results.selection.calibration import calibrated_statistic
from arbitrage.results.selection.maxima import Maxima, Replicates

Floats = NDArray[np.float64]


def statistics_of_noise(periods: int, block: float, count: int) -> Floats:
    """Of so many configs without an edge, times sqrt(T): normal ones, if all were well."""
    profits = np.random.default_rng(5).standard_normal((periods, count))
    lags = np.arange(periods)
    stays = 1 - 1 / block
    kappa = ((periods - lags) * stays**lags + lags * stays ** (periods - lags)) / periods
    d = profits - profits.mean(axis=0)
    kernel = kappa[np.abs(lags[:, np.newaxis] - lags)]
    found: Floats = profits.mean(axis=0) * periods / np.sqrt((d * (kernel @ d)).sum(axis=0))
    return found


@pytest.mark.parametrize(("periods", "block"), [(30, 1.0), (40, 3.0), (100, 5.0)])
def test_noise_has_the_tails_of_the_normal_distribution(periods: int, block: float) -> None:
    found = statistics_of_noise(periods, block, 60_000)
    fair = [math.sqrt(periods) * calibrated_statistic(s / math.sqrt(periods), periods, block)
            for s in np.sort(found)[-1_000:]]  # fmt: skip
    bound = NormalDist().inv_cdf(1 - 1 / 200)
    assert 300 * 0.8 <= sum(value > bound for value in fair) <= 300 * 1.2
    assert (found > bound).sum() > 300 * 1.2, "which they would not have by themselves"


def test_nothing_is_larger_for_it() -> None:
    for statistic in (-3.0, -0.1, 0.0, 0.1, 0.5, 4.0):
        fair = calibrated_statistic(statistic, 30, 2.0)
        assert abs(fair) <= abs(statistic)
        assert fair == -calibrated_statistic(-statistic, 30, 2.0)
    assert calibrated_statistic(-math.inf, 30, 2.0) == -math.inf
    assert calibrated_statistic(0.3, 10_000, 1.0) == pytest.approx(0.3, rel=0.03)


def test_the_best_of_many_in_noise_is_not_called_an_edge() -> None:
    """600 configs that do not hang together, over 30 periods: more than a third, uncalibrated."""
    called, uncalibrated = 0, 0
    for seed in range(25):
        profits = np.random.default_rng(seed).standard_normal((30, 600))
        [found] = Replicates(30, 2.0, 60, seed, studentize=[True]).maxima(profits)
        called += found.p_values(calibrated_statistic(found.statistic, 30, 2.0))[1] <= 0.05
        uncalibrated += found.p_values(found.statistic)[1] <= 0.05
    assert called <= 5  # of a binomial count of 25 at 0.05, 998 in 1,000 are
    assert uncalibrated >= 8


def test_maxima_of_parts_are_those_of_the_whole() -> None:
    profits = np.random.default_rng(2).standard_normal((40, 90))
    profits[:, [0, 50, 51]] = 1.5
    profits[:, 70] = profits[:, 20] = profits.mean(axis=1) + 0.4  # the best, twice
    for measure in (True, False):
        replicates = Replicates(40, 3.0, 50, 0, studentize=[measure])
        [whole] = replicates.maxima(profits)
        parts = [replicates.maxima(part)[0] for part in np.split(profits, [1, 33, 50, 52], axis=1)]
        for merged in (_from_left(parts), _from_right(parts)):
            np.testing.assert_allclose(merged.largest, whole.largest, rtol=1e-12)
            assert (merged.best, merged.n_configs) == (whole.best, 90)
            assert merged.p_values(merged.statistic) == whole.p_values(whole.statistic)
    assert whole.best != 70, "of equals it is the first"


def _from_left(parts: list[Maxima]) -> Maxima:
    found = parts[0]
    for part in parts[1:]:
        found = found.merged(part)
    return found


def _from_right(parts: list[Maxima]) -> Maxima:
    found = parts[-1]
    for part in parts[-2::-1]:
        found = part.merged(found)
    return found
