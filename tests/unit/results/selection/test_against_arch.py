"""The test of a search and its mean block beside those of the package `arch`, on random profits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from arch.bootstrap import SPA, optimal_block_length
from numpy.typing import NDArray
from scipy import stats

from arbitrage.results.selection.bootstrap import kernel_by_lag, optimal_mean_block
from arbitrage.results.selection.calibration import calibrated_statistic
from arbitrage.selection import superior_predictive_ability

REPLICATES = 1_000


def profits(seed: int) -> NDArray[np.float64]:
    """Configs that hang together, one of them with an edge in every other matrix."""
    random = np.random.default_rng(seed)
    found = random.standard_normal((120, 1)) + random.standard_normal((120, 15))
    found[1:] += 0.4 * found[:-1]
    found[:, 4] += 0.25 * (seed % 2)
    found[:, 7] -= 0.5
    return found


@pytest.mark.parametrize("seed", range(6))
def test_the_p_values_are_those_of_arch(seed: int) -> None:
    """`arch` does not studentize the maximum, and draws other replicates."""
    matrix = profits(seed)
    theirs = SPA(
        np.zeros(len(matrix)),
        -matrix,
        block_size=6,
        reps=REPLICATES,
        bootstrap="stationary",
        studentize=False,
        seed=seed,
    )
    theirs.compute()
    ours = superior_predictive_ability(
        [matrix], n_bootstrap=REPLICATES, mean_block=6, seed=seed, studentize=False
    )
    for name in ("lower", "consistent", "upper"):
        expected, found = float(theirs.pvalues[name]), getattr(ours, name)
        spread = math.sqrt(2 * max(expected * (1 - expected), 0.01) / REPLICATES)
        assert found == pytest.approx(expected, abs=4 * spread)


@pytest.mark.parametrize("seed", range(6))
def test_the_mean_block_is_that_of_arch(seed: int) -> None:
    series = profits(seed)[:, 0]
    expected = float(optimal_block_length(series)["stationary"].iloc[0])
    assert optimal_mean_block(series) == pytest.approx(max(1.0, expected))


@pytest.mark.parametrize(("periods", "block"), [(30, 1.0), (100, 5.0), (365, 9.0)])
def test_a_calibrated_statistic_has_the_tail_of_students(periods: int, block: float) -> None:
    """The formula for the normal value is an approximation, and scipy has none."""
    eigenvalues = np.fft.fft(kernel_by_lag(periods, block)).real[1:]
    freedom = eigenvalues.sum() ** 2 / (eigenvalues**2).sum()
    for statistic in (1.0, 2.0, 3.0, 5.0):
        student = statistic * math.sqrt(eigenvalues.sum() / periods)
        expected = stats.norm.isf(stats.t.sf(student, freedom))
        found = calibrated_statistic(statistic / math.sqrt(periods), periods, block)
        assert found * math.sqrt(periods) == pytest.approx(expected, abs=0.02)
