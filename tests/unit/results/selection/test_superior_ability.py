"""The test of a search against an independent library, and against a slow twin."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest

from arbitrage.results.selection.bootstrap import stationary_kernel, stationary_weights
from arbitrage.results.selection.maxima import Replicates
from arbitrage.selection import superior_predictive_ability
from tests.unit.results.selection.drawn import Floats, drawn


@pytest.fixture(scope="module")
def samples() -> tuple[Floats, Floats]:
    """Of 50 configs, one with an edge; and of 50 without."""
    random = np.random.default_rng(123)
    edge = random.standard_normal((500, 50)) * 0.01
    edge[:, 3] += 0.0015
    return edge, random.standard_normal((500, 50)) * 0.01


@pytest.mark.parametrize(
    ("studentize", "of_edge", "of_noise"),
    [
        (False, (0.0125, 0.0155, 0.016), (0.143, 0.208, 0.210)),  # the package arch
        (True, (0.006, 0.0095, 0.010), (0.232, 0.337, 0.343)),  # computed apart
    ],
)
def test_the_p_values_of_an_edge_and_of_noise(
    samples: tuple[Floats, Floats],
    studentize: bool,
    of_edge: tuple[float, ...],
    of_noise: tuple[float, ...],
) -> None:
    for sample, expected in zip(samples, (of_edge, of_noise), strict=True):
        found = superior_predictive_ability(
            [sample], n_bootstrap=4_000, mean_block=10, studentize=studentize
        )
        for value, p in zip((found.lower, found.consistent, found.upper), expected, strict=True):
            # Both sides are drawn: four standard deviations of their difference.
            assert value == pytest.approx(p, abs=4 * math.sqrt(2 * p * (1 - p) / 4_000))
        assert found.n_configs == 50
    assert superior_predictive_ability([samples[0]], mean_block=10).best == 3


def plain_ability(profits: Floats, weights: Floats, block: float, studentize: bool) -> list[float]:
    """The definition, config by config and lag by lag."""
    periods, configs = profits.shape
    means = [float(np.mean(column)) for column in profits.T]
    q = 1 / block
    variances = []
    for column, mean in zip(profits.T, means, strict=True):
        d = column - mean
        total = (d @ d) / periods
        for lag in range(1, periods):
            kappa = (periods - lag) / periods * (1 - q) ** lag
            kappa += lag / periods * (1 - q) ** (periods - lag)
            total += 2 * kappa * (d[lag:] @ d[:-lag]) / periods
        variances.append(total)
    scales = [math.sqrt(w) if studentize else 1.0 for w in variances]
    statistic = max(m / s for m, s in zip(means, scales, strict=True))
    bounds = [-math.sqrt(w / periods * 2 * math.log(math.log(periods))) for w in variances]
    centres = (
        [max(m, 0) for m in means],
        [m if m >= bound else 0 for m, bound in zip(means, bounds, strict=True)],
        means,
    )
    values = []
    for centre in centres:
        exceeding = 0
        for row in weights:
            drawn_means = [float(row @ column) for column in profits.T]
            largest = max((drawn_means[k] - centre[k]) / scales[k] for k in range(configs))
            exceeding += largest > statistic
        values.append(exceeding / len(weights))
    return values


@pytest.mark.parametrize("studentize", [True, False])
@pytest.mark.parametrize("block", [1.0, 2.5, 7.0])
def test_the_test_is_that_of_the_definition(studentize: bool, block: float) -> None:
    for seed in range(3):
        profits = drawn(seed, 40, 6) * np.arange(1, 7) + np.array([0.3, -2, -0.1, 0, 0.4, 0.2])
        weights = stationary_weights(40, block, 60, seed)
        found = superior_predictive_ability(
            [profits], n_bootstrap=60, mean_block=block, seed=seed, studentize=studentize
        )
        expected = plain_ability(profits, weights, block, studentize)
        assert [found.lower, found.consistent, found.upper] == expected
        assert found.lower <= found.consistent <= found.upper


@pytest.mark.parametrize("studentize", [True, False])
def test_maxima_are_recentred_each_in_its_way(studentize: bool) -> None:
    """One config after the other, above 0, below it and below its bound; and all of them."""
    profits = drawn(4, 40, 6) * np.arange(1, 7)
    profits += np.array([0.5, 0.0, -0.1, -3, -4, -0.2]) - profits.mean(axis=0) * [1, 1, 1, 1, 1, 0]
    replicates = Replicates(40, 3.0, 50, 7, studentize=[studentize])
    weights, kernel = stationary_weights(40, 3.0, 50, 7), stationary_kernel(40, 3.0)
    expected = []
    for column in profits.T:
        mean, d = column.mean(), column - column.mean()
        variance = float(d @ kernel @ d) / 40
        is_low = mean < -math.sqrt(variance / 40 * 2 * math.log(math.log(40)))
        centres = (max(mean, 0.0), 0.0 if is_low else mean, mean)
        scale = math.sqrt(variance) if studentize else 1.0
        expected.append([(weights @ column - centre) / scale for centre in centres])
        [alone] = replicates.maxima(column[:, np.newaxis])
        np.testing.assert_allclose(alone.largest, expected[-1], rtol=1e-9, atol=1e-12)
    [found] = replicates.maxima(profits)
    np.testing.assert_allclose(found.largest, np.max(expected, axis=0), rtol=1e-9, atol=1e-12)


def test_batches_are_one_matrix(samples: tuple[Floats, Floats]) -> None:
    whole = superior_predictive_ability([samples[1]], n_bootstrap=200, seed=3)
    parts = np.split(samples[1], [1, 20, 20, 33], axis=1)
    assert superior_predictive_ability(parts, n_bootstrap=200, seed=3) == whole
    assert superior_predictive_ability(samples[1], n_bootstrap=200, seed=3) == whole
    once = superior_predictive_ability(
        iter(parts), n_bootstrap=200, seed=3, mean_block=whole.mean_block
    )
    assert once == whole
    assert superior_predictive_ability(iter([samples[1]]), n_bootstrap=200, seed=3) == whole


def test_more_configs_than_are_drawn_at_once(
    samples: tuple[Floats, Floats], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = superior_predictive_ability([samples[0]], n_bootstrap=100)
    module = sys.modules["arbitrage.results.selection.maxima"]
    monkeypatch.setattr(module, "CONFIGS_AT_ONCE", 7)
    assert superior_predictive_ability([samples[0]], n_bootstrap=100) == whole


def test_a_seed_draws_the_same_replicates(samples: tuple[Floats, Floats]) -> None:
    one, same, other = (
        superior_predictive_ability([samples[1]], n_bootstrap=300, seed=seed) for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


@pytest.mark.parametrize("studentize", [True, False])
def test_a_config_of_equal_profits_takes_no_part(
    samples: tuple[Floats, Floats], studentize: bool
) -> None:
    def tested(*batches: Floats) -> Any:
        return superior_predictive_ability(batches, n_bootstrap=100, studentize=studentize)

    idle, lucky = np.zeros((500, 2)), np.full((500, 1), 0.1)
    alone, among = tested(samples[1]), tested(idle, samples[1], lucky)
    assert (among.lower, among.consistent, among.upper) == (
        alone.lower,
        alone.consistent,
        alone.upper,
    )
    assert (among.best, among.n_configs) == (alone.best + 2, 53)
    nothing = tested(idle)
    assert (nothing.lower, nothing.consistent, nothing.upper) == (1, 1, 1)
    assert (nothing.best, nothing.n_configs) == (None, 2)


def test_few_searches_in_noise_are_called_an_edge_and_nearly_all_with_one_are() -> None:
    """The size of the test and its power: 100 data sets, each of 20 configs that hang together."""
    random, called = np.random.default_rng(8), {0.0: 0, 0.6: 0}
    for number in range(100):
        profits = random.standard_normal((60, 1)) / 2 + random.standard_normal((60, 20))
        for edge in called:
            batch = profits + edge * (np.arange(20) == 7)
            found = superior_predictive_ability([batch], n_bootstrap=200, mean_block=2, seed=number)
            called[edge] += found.consistent <= 0.05
    assert called[0.0] <= 12  # of a binomial count of 100 at 0.05, 998 in 1,000 are
    assert called[0.6] >= 80


@pytest.mark.parametrize("studentize", [True, False])
def test_profits_that_have_lost_their_digits_prove_nothing(studentize: bool) -> None:
    profits = (np.random.default_rng(1).standard_normal((100, 3)) + 0.2) * 1e-320
    found = superior_predictive_ability([profits], n_bootstrap=50, studentize=studentize)
    assert (found.consistent, found.best) == (1.0, None)
