"""The statistics of a search against published numbers, an independent library, and slow twins."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from arbitrage.results.selection.bootstrap import (
    optimal_mean_block,
    stationary_kernel,
    stationary_weights,
)
from arbitrage.results.selection.maxima import Replicates
from arbitrage.selection import (
    deflated_sharpe_ratio,
    expected_maximum_sharpe,
    minimum_backtest_length,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
    probability_of_backtest_overfitting,
    superior_predictive_ability,
)

Floats = NDArray[np.float64]

# Sharpe ratios: the examples of the papers


def test_the_probabilistic_sharpe_ratio_of_the_paper() -> None:
    assert probabilistic_sharpe_ratio(0.458, 24, -2.448, 10.164) == pytest.approx(0.91336, abs=5e-6)
    assert probabilistic_sharpe_ratio(0.458, 24, 0, 3) == pytest.approx(0.98167, abs=5e-6)
    assert probabilistic_sharpe_ratio(0.458, 36, -2.448, 10.164) == pytest.approx(0.95351, abs=5e-6)
    assert probabilistic_sharpe_ratio(0.458, 24, 0, 3, benchmark=0.458) == 0.5


@pytest.mark.parametrize(
    ("periods", "skew", "kurtosis", "years"),
    [(250, 0, 3, 2.7312), (52, 0, 3, 2.8288), (12, 0, 3, 3.2398), (12, -0.72, 5.78, 4.9913)],
)
def test_the_track_record_lengths_of_the_paper(
    periods: int, skew: float, kurtosis: float, years: float
) -> None:
    """An annual ratio of 2 against 1."""
    sharpe, benchmark = 2 / math.sqrt(periods), 1 / math.sqrt(periods)
    length = minimum_track_record_length(sharpe, skew, kurtosis, benchmark, 0.95)
    assert length / periods == pytest.approx(years, abs=5e-5)


@given(st.floats(0.01, 2), st.floats(-1, 1), st.floats(2, 20), st.floats(0.51, 0.999))
def test_a_track_record_of_that_length_has_that_confidence(
    sharpe: float, skew: float, excess: float, confidence: float
) -> None:
    kurtosis = skew**2 + excess
    length = minimum_track_record_length(sharpe, skew, kurtosis, 0.0, confidence)
    if length >= 2:
        reached = probabilistic_sharpe_ratio(sharpe, length, skew, kurtosis)  # type: ignore[arg-type]
        assert reached == pytest.approx(confidence, abs=1e-9)


def test_no_track_record_is_long_enough_for_a_ratio_below_its_benchmark() -> None:
    assert minimum_track_record_length(0.1, 0, 3, 0.1, 0.95) == math.inf
    assert minimum_track_record_length(0.1, 0, 3, 0.2, 0.95) == math.inf


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        (1, 0),
        (2, 0.519755),
        (5, 1.192594),
        (10, 1.574598),
        (45, 2.235640),
        (100, 2.530603),
        (1000, 3.255122),
    ],
)
def test_the_expected_maximum_of_trials(trials: int, expected: float) -> None:
    assert expected_maximum_sharpe(1, trials) == pytest.approx(expected, abs=5e-7)
    assert expected_maximum_sharpe(0.25, trials) == pytest.approx(expected / 2, abs=5e-7)


def test_an_effective_number_of_trials_need_not_be_whole() -> None:
    trials = np.linspace(1, 20, 400)
    expected = [expected_maximum_sharpe(1, n) for n in trials]
    assert expected == sorted(expected)
    assert expected[0] == 0


def test_the_deflated_sharpe_ratio_of_the_paper() -> None:
    sharpe, variance = 2.5 / math.sqrt(250), 0.5 / 250
    assert expected_maximum_sharpe(variance, 100) == pytest.approx(0.113172, abs=5e-7)
    for skew, kurtosis, trials, ratio in (
        (-3, 10, 100, 0.900397),
        (-3, 10, 46, 0.950502),
        (0, 3, 88, 0.950491),
    ):
        found = deflated_sharpe_ratio(sharpe, 1250, skew, kurtosis, variance, trials)
        assert found == pytest.approx(ratio, abs=5e-7)
    alone = deflated_sharpe_ratio(sharpe, 1250, -3, 10, variance, 1)
    assert alone == probabilistic_sharpe_ratio(sharpe, 1250, -3, 10)


@pytest.mark.parametrize(
    ("trials", "years"), [(10, 2.4794), (45, 4.9981), (46, 5.0363), (100, 6.4040), (1000, 10.5958)]
)
def test_the_minimum_backtest_lengths_of_the_paper(trials: int, years: float) -> None:
    assert minimum_backtest_length(trials, 1) == pytest.approx(years, abs=1e-4)
    assert minimum_backtest_length(trials, 2) == pytest.approx(years / 4, abs=1e-4)


# Backtest overfitting


def drawn(seed: int, periods: int, configs: int) -> Floats:
    return np.random.default_rng(seed).standard_normal((periods, configs))


def test_the_overfitting_of_noise() -> None:
    """Numbers of independent libraries."""
    matrix = drawn(42, 240, 20)
    assert probability_of_backtest_overfitting(matrix, 4) == pytest.approx(4 / 6)
    assert probability_of_backtest_overfitting(matrix, 8) == pytest.approx(54 / 70)
    assert probability_of_backtest_overfitting(matrix - matrix.mean(axis=0), 8) == 1
    matrix[:, 7] += 1
    assert probability_of_backtest_overfitting(matrix, 8) == 0
    odd = drawn(7, 48, 5)
    assert probability_of_backtest_overfitting(odd, 4) == pytest.approx(4 / 6)
    assert probability_of_backtest_overfitting(odd, 6) == pytest.approx(0.9)


def test_the_overfitting_of_many_configs_and_blocks() -> None:
    found = probability_of_backtest_overfitting(drawn(0, 2000, 500), 16)
    assert found == pytest.approx(0.3168609169, abs=5e-11)


def plain_overfitting(matrix: Floats, n_blocks: int) -> float:
    """The definition, half by half."""
    blocks = [[*rows] for rows in np.split(np.arange(len(matrix)), _starts(matrix, n_blocks))]
    overfit = []
    for chosen in itertools.combinations(range(n_blocks), n_blocks // 2):
        trained = [row for block in chosen for row in blocks[block]]
        tested = [row for row in range(len(matrix)) if row not in trained]
        best = int(np.argmax([plain_sharpe(column) for column in matrix[trained].T]))
        ratios = [plain_sharpe(column) for column in matrix[tested].T]
        below = sum(ratio < ratios[best] for ratio in ratios)
        equal = sum(ratio == ratios[best] for ratio in ratios)
        share = (below + (equal + 1) / 2) / (len(ratios) + 1)
        overfit.append(math.log(share / (1 - share)) <= 0)
    return float(np.mean(overfit))


def _starts(matrix: Floats, n_blocks: int) -> list[int]:
    return [len(matrix) * block // n_blocks for block in range(1, n_blocks)]


def plain_sharpe(profits: Floats) -> float:
    return 0.0 if np.ptp(profits) == 0 else float(profits.mean() / profits.std())


@given(st.integers(0, 10**6), st.integers(6, 25), st.integers(1, 6), st.sampled_from([2, 4, 6]))
@settings(max_examples=40, deadline=None)
def test_overfitting_is_that_of_the_definition(
    seed: int, periods: int, configs: int, n_blocks: int
) -> None:
    """Some configs never trade, in some blocks or at all."""
    matrix = drawn(seed, periods, configs) + 0.3
    matrix[:, seed % configs] *= np.arange(periods) < seed % periods
    assert probability_of_backtest_overfitting(matrix, n_blocks) == plain_overfitting(
        matrix, n_blocks
    )


# Superior predictive ability


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


# The bootstrap


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


# Refusals

NAN = np.full((10, 2), np.nan)
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "one period": (lambda: probabilistic_sharpe_ratio(0.1, 1, 0, 3), "n_obs"),
    "no such moments": (lambda: probabilistic_sharpe_ratio(2, 9, 3, 3), "no distribution has"),
    "a moment that is NaN": (lambda: probabilistic_sharpe_ratio(2, 9, math.nan, 3), "no distri"),
    "confidence of 1": (lambda: minimum_track_record_length(1, 0, 3, 0, 1), "confidence"),
    "half a trial": (lambda: expected_maximum_sharpe(1, 0.5), "n_trials"),
    "a negative variance": (lambda: expected_maximum_sharpe(-1, 5), "variance"),
    "no ratio": (lambda: minimum_backtest_length(5, 0), "expected_maximum"),
    "odd blocks": (lambda: probability_of_backtest_overfitting(drawn(0, 9, 2), 3), "n_blocks"),
    "no blocks": (lambda: probability_of_backtest_overfitting(drawn(0, 9, 2), 0), "n_blocks"),
    "many blocks": (lambda: probability_of_backtest_overfitting(drawn(0, 9, 2), 10), "n_blocks"),
    "no matrix": (lambda: probability_of_backtest_overfitting(np.ones(9), 2), "a matrix"),
    "no configs": (lambda: probability_of_backtest_overfitting(np.ones((9, 0)), 2), "one config"),
    "profits of NaN": (lambda: probability_of_backtest_overfitting(NAN, 2), "finite"),
    "no batches": (lambda: superior_predictive_ability([]), "at least one array"),
    "an empty iterator": (lambda: superior_predictive_ability(iter([])), "at least one array"),
    "two periods": (lambda: superior_predictive_ability([drawn(0, 2, 2)]), "at least 3 periods"),
    "a batch of NaN": (lambda: superior_predictive_ability([NAN]), "finite"),
    "other periods": (
        lambda: superior_predictive_ability([drawn(0, 9, 2), drawn(0, 8, 2)], mean_block=2),
        "a batch has 8 periods, and the first one 9",
    ),
    "a short block": (
        lambda: superior_predictive_ability([drawn(0, 9, 2)], mean_block=0.5),
        "mean_block",
    ),
    "no replicates": (
        lambda: superior_predictive_ability([drawn(0, 9, 2)], n_bootstrap=0),
        "n_bootstrap",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_sense_is_refused(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()


def test_numpy_is_all_that_it_needs() -> None:
    program = (
        "import sys, arbitrage.selection; "
        "sys.exit(bool({'polars', 'numba', 'pydantic', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("studentize", [True, False])
def test_profits_that_have_lost_their_digits_prove_nothing(studentize: bool) -> None:
    profits = (np.random.default_rng(1).standard_normal((100, 3)) + 0.2) * 1e-320
    found = superior_predictive_ability([profits], n_bootstrap=50, studentize=studentize)
    assert (found.consistent, found.best) == (1.0, None)
