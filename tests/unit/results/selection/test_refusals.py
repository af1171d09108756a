"""What the statistics of a search refuse, and what they need."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from arbitrage.selection import (
    expected_maximum_sharpe,
    minimum_backtest_length,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
    probability_of_backtest_overfitting,
    superior_predictive_ability,
)
from tests.unit.results.selection.drawn import drawn

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
