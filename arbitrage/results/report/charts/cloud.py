"""Where the configs lie, and the front of those that nothing betters."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from arbitrage.results.querying.front import DRAWDOWN, PROFIT
from arbitrage.results.report.charts.theme import GAINS, SECOND, finished


def cloud_chart(cloud: pl.DataFrame, front: pl.DataFrame, floor: float) -> dict[str, Any]:
    """The cells by how many configs they have, and a line with points through the front.

    Args:
        cloud: As `Frontier` has it.
        front: The same.
        floor: The least profit that is shown.
    """
    cells = (
        alt.Chart(cloud)
        .mark_rect()
        .encode(
            alt.X("drawdown_from:Q", title=DRAWDOWN).scale(nice=False),
            alt.X2("drawdown_to"),
            alt.Y("profit_from:Q", title=PROFIT).scale(nice=False),
            alt.Y2("profit_to"),
            alt.Color("configs:Q", title="configs").scale(_counts(cloud["configs"].max())),
            tooltip=[
                alt.Tooltip(f"{name}:Q", format=",.2f")
                for name in cloud.columns
                if name != "configs"
            ]
            + [alt.Tooltip("configs:Q", format=",")],
        )
    )
    line = (
        alt.Chart(front.filter(pl.col(PROFIT) >= floor))
        .mark_line(color=SECOND, point=alt.OverlayMarkDef(color=SECOND, size=30))
        .encode(
            alt.X(f"{DRAWDOWN}:Q"),
            alt.Y(f"{PROFIT}:Q"),
            tooltip=[
                alt.Tooltip("config_number:Q"),
                alt.Tooltip(f"{PROFIT}:Q", format=",.2f"),
                alt.Tooltip(f"{DRAWDOWN}:Q", format=",.3f"),
            ],
        )
    )
    return finished(alt.layer(cells, line), 320)


def _counts(most: object) -> alt.Scale:
    """Steps of which each has as many times the configs of the one before."""
    steps = len(GAINS)
    highest = float(most) if isinstance(most, int) else 1.0
    bounds = sorted({round(highest ** (step / steps)) + 1 for step in range(1, steps)})
    return alt.Scale(type="threshold", domain=bounds, range=GAINS[-len(bounds) - 1 :])
