"""Backtest overfitting against numbers of independent libraries, and against a slow twin."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.selection import probability_of_backtest_overfitting
from tests.helpers.inputs.examples import examples
from tests.unit.results.selection.drawn import Floats, drawn


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
@examples(30)
def test_overfitting_is_that_of_the_definition(
    seed: int, periods: int, configs: int, n_blocks: int
) -> None:
    """Some configs never trade, in some blocks or at all."""
    matrix = drawn(seed, periods, configs) + 0.3
    matrix[:, seed % configs] *= np.arange(periods) < seed % periods
    assert probability_of_backtest_overfitting(matrix, n_blocks) == plain_overfitting(
        matrix, n_blocks
    )
