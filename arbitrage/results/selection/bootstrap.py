"""The stationary bootstrap: resampling that keeps what follows on what.

Politis and Romano: The Stationary Bootstrap (1994). A replicate walks over the periods, from one
to the next, the last being followed by the first, but with probability q = 1 / mean block to any.
The mean of a replicate is a weighted mean of the periods, so a replicate is a row of weights.
"""

from __future__ import annotations

import math

import numpy as np

from arbitrage.results.selection.matrix import Floats

# Of Politis and White: what counts as no correlation, in standard deviations.
_INSIGNIFICANT = 2.0


def stationary_weights(n_periods: int, mean_block: float, count: int, seed: int) -> Floats:
    """The weights of so many replicates: replicates x periods, each row adding up to 1."""
    random = np.random.default_rng(seed)
    period = random.integers(n_periods, size=count)
    weights, replicates = np.zeros((count, n_periods)), np.arange(count)
    weights[replicates, period] += 1
    for _ in range(n_periods - 1):
        is_new = random.random(count) < 1 / mean_block
        anywhere = random.integers(n_periods, size=count)
        period = np.where(is_new, anywhere, (period + 1) % n_periods)
        weights[replicates, period] += 1
    return weights / n_periods


def stationary_kernel(n_periods: int, mean_block: float) -> Floats:
    """K, periods x periods: the variance of sqrt(T) times a replicate's mean is d' K d / T.

    K[s, t] = kappa(|s - t|) of `kernel_by_lag`; d are the profits less their mean.
    """
    lags = np.arange(n_periods)
    kernel: Floats = kernel_by_lag(n_periods, mean_block)[np.abs(lags[:, np.newaxis] - lags)]
    return kernel


def kernel_by_lag(n_periods: int, mean_block: float) -> Floats:
    """kappa(i) = (T - i) / T (1 - q)^i + i / T (1 - q)^(T - i), for each lag i below T."""
    lags = np.arange(n_periods)
    stays = 1 - 1 / mean_block
    held, turned = (n_periods - lags) * stays**lags, lags * stays ** (n_periods - lags)
    by_lag: Floats = (held + turned) / n_periods
    return by_lag


def optimal_mean_block(profits: Floats) -> float:
    """The mean block that suits a series of profits, at least 1.

    Politis and White: Automatic Block-Length Selection for the Dependent Bootstrap (2004), with the
    correction of Patton, Politis and White (2009); for the stationary bootstrap.
    """
    count = len(profits)
    patience = max(5, int(math.log10(count)))
    most = min(math.ceil(math.sqrt(count)) + patience, count - 1)
    covariances = _covariances(profits - profits.mean(), most)
    if covariances[0] == 0:
        return 1.0
    first = _first_insignificant(covariances / covariances[0], count, patience)
    bandwidth = most if first is None else min(2 * first, most)
    lags = np.arange(1, bandwidth + 1)
    tapered = np.minimum(1.0, 2 * (1 - lags / bandwidth)) * covariances[lags]
    density, slope = covariances[0] + 2 * tapered.sum(), 2 * (lags * tapered).sum()
    block = (slope**2 / density**2 * count) ** (1 / 3) if density else 1.0
    return float(min(max(block, 1.0), math.ceil(min(3 * math.sqrt(count), count / 3))))


def _covariances(deviations: Floats, most: int) -> Floats:
    """At the lags from 0 to `most`."""
    count = len(deviations)
    products = [deviations[lag:] @ deviations[: count - lag] for lag in range(most + 1)]
    return np.array(products) / count


def _first_insignificant(correlations: Floats, count: int, patience: int) -> int | None:
    """The first lag from which so many correlations in a row are insignificant, or None."""
    bound = _INSIGNIFICANT * math.sqrt(math.log10(count) / count)
    is_significant = np.abs(correlations) >= bound
    for lag in range(1, len(correlations) - patience + 1):
        if not is_significant[lag : lag + patience].any():
            return lag
    return None
