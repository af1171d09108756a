"""Re-exports `results/selection`, the statistics of a search on plain arrays, for programs."""

from __future__ import annotations

from arbitrage.results.selection.overfitting import probability_of_backtest_overfitting
from arbitrage.results.selection.sharpe import (
    deflated_sharpe_ratio,
    expected_maximum_sharpe,
    minimum_backtest_length,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
)
from arbitrage.results.selection.superior_ability import (
    SuperiorAbility,
    superior_predictive_ability,
)

__all__ = [
    "SuperiorAbility",
    "deflated_sharpe_ratio",
    "expected_maximum_sharpe",
    "minimum_backtest_length",
    "minimum_track_record_length",
    "probabilistic_sharpe_ratio",
    "probability_of_backtest_overfitting",
    "superior_predictive_ability",
]
