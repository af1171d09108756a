"""A figure over two parameters, of which the page fills in the cells."""

from __future__ import annotations

from typing import Any

import altair as alt

from arbitrage.results.report.charts.theme import GAINS, INK, LOSSES, PAPER, finished


def heatmap_chart(figure: str, low: float, high: float) -> dict[str, Any]:
    """Cells with `down`, `across`, `value` and `best`, of a data set that is called `cells`.

    Args:
        figure: What the cells are.
        low: The lowest value of all that may be shown.
        high: The highest.
    """
    places = (
        alt.X("across:O", sort=None).axis(grid=False, labelAngle=0),
        alt.Y("down:O", sort=None).axis(grid=False),
    )
    base = alt.Chart(alt.NamedData("cells"))
    cells = base.mark_rect().encode(
        *places,
        alt.Color("value:Q").scale(_scale(low, high)).legend(title=figure, format=",.2f"),
        tooltip=[
            alt.Tooltip("down:N"),
            alt.Tooltip("across:N"),
            alt.Tooltip("value:Q", title=figure, format=",.2f"),
        ],
    )
    # Twice, one on the other: whatever the colour of the cell, one of the two stands out.
    frames = [
        base.mark_rect(fill=None, stroke=stroke, strokeWidth=width)
        .encode(*places)
        .transform_filter("datum.best")
        for stroke, width in ((PAPER, 6), (INK, 2))
    ]
    layers = alt.layer(cells.transform_filter("isValid(datum.value)"), *frames)
    return finished(layers)


def _scale(low: float, high: float) -> alt.Scale:
    """Steps of equal width, of losses and of gains apart, so that a colour tells the sign."""
    colours: list[str] = []
    bounds: list[float] = []
    if low < 0:
        colours += LOSSES
        bounds += _between(low, min(high, 0.0), len(LOSSES))
    if low < 0 < high:
        bounds.append(0.0)
    if high > 0 or not colours:
        colours += GAINS
        bounds += _between(max(low, 0.0), high, len(GAINS))
    return alt.Scale(type="threshold", domain=bounds, range=colours)


def _between(low: float, high: float, steps: int) -> list[float]:
    """The bounds between so many steps."""
    return [low + (high - low) * step / steps for step in range(1, steps)]
