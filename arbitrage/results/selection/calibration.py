"""What a statistic is worth whose deviation was estimated from the same few periods.

The replicates of a config are all divided by one deviation, so they have the tails of the normal
distribution. Its own statistic has those of Student's, and its deviation comes out too small. For
one config that is little; the largest of ten thousand that hang together little is nearly always
one whose deviation was underestimated.

The long-run variance is a quadratic form of the profits with the eigenvalues l of the kernel (a
circulant matrix: they are its Fourier transform, but for that of the mean). Over noise it is to be
expected as the share `c = sum(l) / T` of the true variance, and has nearly as many degrees of
freedom as `f = sum(l)^2 / sum(l^2)` (Satterthwaite: An Approximate Distribution of Estimates of
Variance Components, 1946). So `t = statistic sqrt(T c)` is Student's, and

    z = (8 f + 1) / (8 f + 3) sqrt(f log(1 + t^2 / f))

is normal (Wallace: Bounds on Normal Approximations to Student's and the Chi-Square Distributions,
1959). Wherever a statistic is held against replicates, `z / sqrt(T)` is held against them instead.
"""

from __future__ import annotations

import math

import numpy as np

from arbitrage.results.selection.bootstrap import kernel_by_lag


def calibrated_statistic(statistic: float, n_periods: int, mean_block: float) -> float:
    """A mean over its long-run deviation, as it compares with replicates; never further from 0.

    Args:
        statistic: Of one config, or the largest of many.
        n_periods: How many periods it was computed from, at least 3.
        mean_block: That of the bootstrap, in periods.
    """
    if not math.isfinite(statistic):
        return statistic
    eigenvalues = np.fft.fft(kernel_by_lag(n_periods, mean_block)).real[1:]
    share = float(eigenvalues.sum()) / n_periods
    freedom = float(eigenvalues.sum() ** 2 / (eigenvalues**2).sum())
    student = statistic * math.sqrt(n_periods * share)
    normal = math.sqrt(freedom * math.log1p(student**2 / freedom))
    shrunk = (8 * freedom + 1) / (8 * freedom + 3) * normal
    return math.copysign(shrunk, statistic) / math.sqrt(n_periods)
