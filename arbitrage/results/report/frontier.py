"""Profit against drawdown: where the configs lie, and those that no other one betters in both."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from arbitrage.results.querying.front import DRAWDOWN, PROFIT, front_of

_ACROSS, _UP = 40, 30  # cells of the cloud
_LOSSES_SHOWN = 0.5  # times the best profit: deeper ones would flatten what is worth a look
_DRAWDOWNS_SHOWN = 2.0  # times the largest of the front, for the same reason


@dataclass(frozen=True, slots=True)
class Frontier:
    """Where the configs lie.

    Attributes:
        cloud: `configs` by cell: `drawdown_from`, `drawdown_to`, `profit_from`, `profit_to`.
        front: The configs that are not bettered, by drawdown: `config_number`, profit, drawdown.
        outside: How many configs lie outside of the cloud, by a loss or a drawdown.
        configs: How many there are, with those outside.
    """

    cloud: pl.DataFrame
    front: pl.DataFrame
    outside: int
    configs: int


def frontier_of(rows: pl.LazyFrame) -> Frontier:
    """The cloud and the front of a sweep's rows, of those that have both figures."""
    known = rows.select("config_number", PROFIT, DRAWDOWN).drop_nulls().collect()
    front = front_of(known)
    shown = known.filter(_is_near(front))
    return Frontier(_cloud(shown), front, known.height - shown.height, known.height)


def _is_near(front: pl.DataFrame) -> pl.Expr:
    """Which configs are shown: all where none has a profit."""
    if front.is_empty() or (best := front[PROFIT][-1]) <= 0:
        return pl.lit(True)
    is_near: pl.Expr = pl.col(PROFIT) >= -_LOSSES_SHOWN * best
    if largest := front[DRAWDOWN][-1]:
        is_near &= pl.col(DRAWDOWN) <= _DRAWDOWNS_SHOWN * largest
    return is_near


def _cloud(shown: pl.DataFrame) -> pl.DataFrame:
    across, drawdown_step, drawdown_low = _cell(shown, DRAWDOWN, _ACROSS)
    up, profit_step, profit_low = _cell(shown, PROFIT, _UP)
    counts = shown.group_by(across.alias("across"), up.alias("up")).agg(configs=pl.len())
    return counts.sort("across", "up").select(
        drawdown_from=drawdown_low + pl.col("across") * drawdown_step,
        drawdown_to=drawdown_low + (pl.col("across") + 1) * drawdown_step,
        profit_from=profit_low + pl.col("up") * profit_step,
        profit_to=profit_low + (pl.col("up") + 1) * profit_step,
        configs="configs",
    )


def _cell(shown: pl.DataFrame, name: str, count: int) -> tuple[pl.Expr, float, float]:
    """The number of a row's cell along an axis, the width of a cell, and where the first starts."""
    low, high = (
        float(end or 0.0)
        for end in shown.select(
            pl.col(name).min().alias("low"), pl.col(name).max().alias("high")
        ).row(0)
    )
    step = (high - low) / count or 1.0
    place = ((pl.col(name) - low) / step).floor().clip(0, count - 1)
    return place.cast(pl.Int64), step, low
