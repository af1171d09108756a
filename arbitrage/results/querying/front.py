"""The Pareto front of profit against drawdown: the configs that no other one betters in both."""

from __future__ import annotations

import polars as pl

PROFIT, DRAWDOWN = "net_pnl_usd", "max_drawdown_pct"


def front_of(known: pl.DataFrame) -> pl.DataFrame:
    """Those for which no config has as little drawdown and more profit, nor less and as much.

    Of configs that are equal in both the first by number stands for all.

    Args:
        known: `config_number`, profit and drawdown of configs that have both.

    Returns:
        The same columns, by drawdown.
    """
    ordered = known.sort(DRAWDOWN, PROFIT, "config_number", descending=[False, True, False])
    best_before = pl.col(PROFIT).cum_max().shift(1)
    return ordered.filter(best_before.is_null() | (pl.col(PROFIT) > best_before))
