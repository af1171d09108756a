"""Sharpe ratios of a search against the numbers of the papers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.selection import (
    deflated_sharpe_ratio,
    expected_maximum_sharpe,
    minimum_backtest_length,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
)


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
