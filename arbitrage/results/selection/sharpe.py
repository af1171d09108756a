"""What a Sharpe ratio is worth: by itself, and as the best of many.

A Sharpe ratio here is per period, not per year: the mean of the periods' profits over their
standard deviation. Kurtosis is Pearson's, 3 for the normal distribution.

    PSR      = Z((SR - SR*) sqrt(T - 1) / sqrt(v)),   v = 1 - skew SR + (kurtosis - 1) / 4 SR^2
    MinTRL   = 1 + v (Z^-1(confidence) / (SR - SR*))^2
    SR0      = sqrt(V) ((1 - g) Z^-1(1 - 1/N) + g Z^-1(1 - 1/(N e)))
    DSR      = PSR against SR0

Bailey and Lopez de Prado: The Sharpe Ratio Efficient Frontier (2012), The Deflated Sharpe Ratio
(2014); MinBTL: Bailey, Borwein, Lopez de Prado and Zhu, Pseudo-Mathematics and Financial
Charlatanism (2014). Z is the normal distribution function, g the constant of Euler and Mascheroni.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

_NORMAL = NormalDist()


def probabilistic_sharpe_ratio(
    sharpe: float, n_obs: int, skew: float, kurtosis: float, benchmark: float = 0.0
) -> float:
    """The probability that the true Sharpe ratio is above a benchmark.

    Args:
        sharpe: The ratio that was observed, per period.
        n_obs: The number of periods, at least 2.
        skew: Of the periods' profits.
        kurtosis: Of the periods' profits; Pearson's, not the excess.
        benchmark: The ratio to beat, per period.

    Raises:
        ValueError: Fewer than 2 periods, or moments that no distribution has.
    """
    if not n_obs > 1:
        raise ValueError(f"n_obs must be at least 2, not {n_obs}")
    spread = math.sqrt(_variance_of_sharpe(sharpe, skew, kurtosis))
    return _NORMAL.cdf((sharpe - benchmark) * math.sqrt(n_obs - 1) / spread)


def minimum_track_record_length(
    sharpe: float, skew: float, kurtosis: float, benchmark: float, confidence: float
) -> float:
    """The number of periods from which the probabilistic Sharpe ratio reaches a confidence.

    Infinite where `sharpe` is not above `benchmark`. See `probabilistic_sharpe_ratio`.

    Raises:
        ValueError: A confidence that is not between 0 and 1, or moments that no distribution has.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}")
    variance = _variance_of_sharpe(sharpe, skew, kurtosis)
    if sharpe <= benchmark:
        return math.inf
    wanted = max(0.0, _NORMAL.inv_cdf(confidence))
    return 1 + variance * (wanted / (sharpe - benchmark)) ** 2


def expected_maximum_sharpe(variance: float, n_trials: float) -> float:
    """The largest Sharpe ratio to expect of so many trials none of which has an edge.

    Args:
        variance: Of the trials' Sharpe ratios.
        n_trials: How many trials there were, or as how many independent ones they count. One trial
            is not a choice: 0.

    Raises:
        ValueError: A negative variance, or less than one trial.
    """
    if not variance >= 0:
        raise ValueError(f"variance must not be negative, not {variance}")
    return math.sqrt(variance) * _expected_maximum(n_trials)


def deflated_sharpe_ratio(  # noqa: PLR0917 - the parameters of the paper
    sharpe: float, n_obs: int, skew: float, kurtosis: float, variance: float, n_trials: float
) -> float:
    """The probability that the best of so many trials has an edge: at 0.95 it is accepted.

    The probabilistic Sharpe ratio against `expected_maximum_sharpe`; every trial on the data
    counts.

    Raises:
        ValueError: As those two.
    """
    benchmark = expected_maximum_sharpe(variance, n_trials)
    return probabilistic_sharpe_ratio(sharpe, n_obs, skew, kurtosis, benchmark)


def minimum_backtest_length(n_trials: float, expected_maximum: float) -> float:
    """The years of data that so many trials need, or the best of them means nothing.

    In fewer years the best of trials without an edge has an annual Sharpe ratio of
    `expected_maximum` or more.

    Raises:
        ValueError: Less than one trial, or a ratio that is not above 0.
    """
    if not expected_maximum > 0:
        raise ValueError(f"expected_maximum must be positive, not {expected_maximum}")
    return (_expected_maximum(n_trials) / expected_maximum) ** 2


def _expected_maximum(n_trials: float) -> float:
    """The expected maximum of so many standard normal values, nearly."""
    if not n_trials >= 1:
        raise ValueError(f"n_trials must be at least 1, not {n_trials}")
    if n_trials == 1:
        return 0.0
    largest = _NORMAL.inv_cdf(1 - 1 / n_trials)
    rarer = _NORMAL.inv_cdf(1 - 1 / (n_trials * math.e))
    # Between one trial and two the approximation falls below the mean, and a maximum does not.
    return max(0.0, (1 - np.euler_gamma) * largest + np.euler_gamma * rarer)


def _variance_of_sharpe(sharpe: float, skew: float, kurtosis: float) -> float:
    """The variance of a Sharpe ratio of one period, nearly."""
    variance = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2
    if not variance > 0:
        raise ValueError(f"no distribution has a skew of {skew} and a kurtosis of {kurtosis}")
    return variance
