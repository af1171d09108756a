"""The stationary bootstrap: its weights, its kernel, and its mean block."""

from __future__ import annotations

import math

import numpy as np
import pytest

from arbitrage.results.selection.bootstrap import (
    optimal_mean_block,
    stationary_kernel,
    stationary_weights,
)
from tests.unit.results.selection.drawn import drawn


def test_weights_are_of_whole_periods() -> None:
    weights = stationary_weights(30, 4.0, 50, 1)
    assert weights.shape == (50, 30)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    counts = weights * 30
    np.testing.assert_allclose(counts, counts.round(), atol=1e-9)
    assert (stationary_weights(30, 1e9, 20, 1) == 1 / 30).all(), "one block is the whole, turned"


def test_the_kernel_is_the_variance_of_what_is_drawn() -> None:
    profits = np.cumsum(drawn(2, 60, 1)[:, 0])
    means = stationary_weights(60, 5.0, 40_000, 0) @ profits
    d = profits - profits.mean()
    expected = d @ stationary_kernel(60, 5.0) @ d / 60
    assert 60 * means.var() == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize(
    ("phi", "block"), [(0.3, 4.7075), (0.6, 9.9792), (0.9, 19.7043), (-0.5, 11.073)]
)
def test_the_mean_block_is_that_of_an_independent_library(phi: float, block: float) -> None:
    """`optimal_block_length` of the package arch, for the stationary bootstrap."""
    noise, series = np.random.default_rng(0).standard_normal(400), np.zeros(400)
    for row in range(1, 400):
        series[row] = phi * series[row - 1] + noise[row]
    assert optimal_mean_block(series) == pytest.approx(block, abs=1e-4)


@pytest.mark.parametrize("periods", [3, 4, 5, 9, 30])
def test_short_series_have_a_mean_block(periods: int) -> None:
    assert 1 <= optimal_mean_block(drawn(periods, periods, 1)[:, 0]) <= math.ceil(periods / 3)
    assert optimal_mean_block(np.ones(periods)) == 1
