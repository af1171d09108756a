"""Figures that stand beside the test and do not decide: of the winner, and of the choice.

Those of the search are worked out on some of its configs, drawn before anybody looked at figures.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from arbitrage.results.selection.matrix import Floats
from arbitrage.results.selection.overfitting import probability_of_backtest_overfitting
from arbitrage.results.selection.sharpe import deflated_sharpe_ratio, minimum_track_record_length
from arbitrage.results.verdict.clocked import ClockedData
from arbitrage.results.verdict.search import Search

SAMPLE = 500  # configs: their matrix of correlations takes milliseconds
CONFIDENCE = 0.95

_BLOCKS = 16  # of Bailey and others: 12,870 halves
_FEW_BLOCKS = 8  # where one of sixteen would have hardly any period
_ENOUGH_PERIODS = 64


@dataclass(frozen=True)
class SharpeFigures:
    """The winner's profits by period, and what is left of them after the search.

    Attributes:
        sharpe: Mean over standard deviation of its profits, per period.
        skew: Of its profits.
        kurtosis: Of its profits; 3 for the normal distribution.
        track_record: How many periods it takes for this ratio to be above 0 at `CONFIDENCE`, had
            nobody searched; None where it never is.
        deflated_of_all: The deflated Sharpe ratio if all configs count as independent trials.
        deflated_of_effective: The same if as many count as `n_effective`.
        n_effective: As how many independent configs the search counts.
    """

    sharpe: float
    skew: float
    kurtosis: float
    track_record: float | None
    deflated_of_all: float | None
    deflated_of_effective: float | None
    n_effective: float


@dataclass(frozen=True)
class Beside:
    """All figures beside the test.

    Attributes:
        sharpe: None where the winner's profits are all the same.
        overfitting: The probability of backtest overfitting; None of a single config.
        blocks: Into how many blocks the periods were cut for that.
        sample: Of how many configs the figures of the search are.
    """

    sharpe: SharpeFigures | None
    overfitting: float | None
    blocks: int
    sample: int


def beside(
    profits: Floats, search: Search, clocked: ClockedData, seed: int, also_tried: int
) -> Beside:
    """The figures.

    Args:
        profits: The winner's in the periods.
        search: What was tried.
        clocked: On which data.
        seed: Draws the sample.
        also_tried: How many configs were tried elsewhere.
    """
    drawn = search.drawn(SAMPLE, seed)
    several = [clocked.profits(piece.sweep.spec, piece.numbers) for piece in drawn]
    matrix = _of_one_size(np.hstack(several))
    [profits] = _of_one_size(profits[:, np.newaxis]).T
    blocks = _BLOCKS if len(profits) >= _ENOUGH_PERIODS else _FEW_BLOCKS
    overfitting = None
    if matrix.shape[1] > 1:
        overfitting = probability_of_backtest_overfitting(matrix, blocks)
    sharpe = None
    if np.ptp(profits):
        sharpe = _sharpe_figures(profits, matrix, search.n_configs + also_tried)
    return Beside(sharpe, overfitting, blocks, matrix.shape[1])


def _of_one_size(matrix: Floats) -> Floats:
    """Each column times a power of two: no figure here changes, and no square vanishes."""
    _, exponents = np.frexp(np.abs(matrix).max(axis=0))
    scaled: Floats = np.ldexp(matrix, -exponents)
    return scaled


def effective_number(matrix: Floats, n_configs: int) -> float:
    """As how many independent configs so many count: (sum l)^2 / sum l^2.

    The l are the eigenvalues of their correlation matrix, so it is N^2 / sum(r^2) over all pairs.
    From a sample of them the mean r^2 of two different ones is estimated. A config of equal profits
    hangs together with none.

    Args:
        matrix: The profits of all of them, or of a sample: periods x configs.
        n_configs: How many they are.
    """
    deviations = matrix - matrix.mean(axis=0)
    norms = np.sqrt((deviations**2).sum(axis=0))
    deviations = deviations / np.where(norms > 0, norms, 1.0)
    sample = matrix.shape[1]
    if sample == 1:
        return 1.0
    squares = float(((deviations.T @ deviations) ** 2).sum()) - float((norms > 0).sum())
    alike = max(0.0, squares / (sample * (sample - 1)))
    effective: float = n_configs / (1 + (n_configs - 1) * alike)
    return effective


def _sharpe_figures(profits: Floats, matrix: Floats, n_tried: int) -> SharpeFigures:
    standard = (profits - profits.mean()) / profits.std()
    skew, kurtosis = float((standard**3).mean()), float((standard**4).mean())
    sharpe = float(profits.mean() / profits.std())
    variance, n_effective = _variance_of_ratios(matrix), effective_number(matrix, n_tried)

    def deflated(n_trials: float) -> float | None:
        with suppress(ValueError):  # moments for which the formula has no value
            return deflated_sharpe_ratio(sharpe, len(profits), skew, kurtosis, variance, n_trials)
        return None

    return SharpeFigures(
        sharpe,
        skew,
        kurtosis,
        _track_record(sharpe, skew, kurtosis),
        deflated(n_tried),
        deflated(n_effective),
        n_effective,
    )


def _variance_of_ratios(matrix: Floats) -> float:
    """Of the configs' Sharpe ratios; that of one whose profits are all the same is 0."""
    spread = matrix.std(axis=0)
    ratios = np.divide(matrix.mean(axis=0), spread, out=np.zeros_like(spread), where=spread > 0)
    return float(ratios.var())


def _track_record(sharpe: float, skew: float, kurtosis: float) -> float | None:
    with suppress(ValueError):
        length = minimum_track_record_length(sharpe, skew, kurtosis, 0.0, CONFIDENCE)
        return length if math.isfinite(length) else None
    return None
