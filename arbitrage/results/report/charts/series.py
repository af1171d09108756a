"""Charts of one thing after another, or beside another: lines, areas, bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from arbitrage.results.report.charts.theme import ACCENT, SECOND, SOFT, finished

_BAR = 24  # pixels


def line_chart(frame: pl.DataFrame, x: str, y: str, told: Sequence[str]) -> dict[str, Any]:
    """A line through all rows of a frame; `told` are the columns that a pointer reads."""
    return _over(frame, x, y, told, alt.Chart(frame).mark_line(color=ACCENT, strokeWidth=1.5))


def area_chart(frame: pl.DataFrame, x: str, y: str, told: Sequence[str]) -> dict[str, Any]:
    """The same, filled down to 0."""
    return _over(frame, x, y, told, alt.Chart(frame).mark_area(color=SECOND, opacity=0.7))


def profile_chart(
    frame: pl.DataFrame, x: str, figure: str, series: Sequence[str]
) -> dict[str, Any]:
    """Lines with points over a parameter whose values are labels in their order."""
    colour = (
        alt.Color("key:N", title=None)
        .sort(list(series))
        .scale(alt.Scale(domain=list(series), range=[ACCENT, SECOND]))
    )
    chart = (
        alt.Chart(frame)
        .transform_fold(list(series), as_=["key", "value"])
        .mark_line(point=True)
        .encode(
            alt.X(f"{x}:O", sort=None).axis(grid=False),
            alt.Y("value:Q", title=figure),
            colour,
            tooltip=[
                alt.Tooltip(f"{x}:N"),
                alt.Tooltip("key:N"),
                alt.Tooltip("value:Q", title=figure, format=",.2f"),
            ],
        )
    )
    return finished(chart)


def bar_chart(frame: pl.DataFrame, label: str, value: str, title: str) -> dict[str, Any]:
    """A bar a row, one below the other; below 0 they have another colour."""
    below_0 = {"test": f"datum['{value}'] < 0", "value": SECOND}
    chart = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            alt.X(f"{value}:Q", title=title),
            alt.Y(f"{label}:N", sort=None, title=None).axis(labelLimit=220),
            alt.ColorValue(ACCENT, condition=below_0),
            tooltip=[
                alt.Tooltip(f"{label}:N"),
                alt.Tooltip(f"{value}:Q", title=title, format=",.2f"),
            ],
        )
    )
    return finished(chart, _BAR * frame.height)


def grouped_bars(
    frame: pl.DataFrame, label: str, value: str, kind: str, title: str
) -> dict[str, Any]:
    """A group of bars a label, one for each kind in its order."""
    kinds = frame[kind].unique(maintain_order=True).to_list()
    chart = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            alt.X(f"{value}:Q", title=title),
            alt.Y(f"{label}:N", sort=None, title=None).axis(labelLimit=220),
            alt.YOffset(f"{kind}:N", sort=None),
            alt.Color(f"{kind}:N", title=None)
            .sort(kinds)
            .scale(alt.Scale(domain=kinds, range=[ACCENT, SECOND, SOFT])),
            tooltip=[
                alt.Tooltip(f"{label}:N"),
                alt.Tooltip(f"{kind}:N"),
                alt.Tooltip(f"{value}:Q", title=title, format=",.2f"),
            ],
        )
    )
    return finished(chart, _BAR // 2 * frame.height)


def histogram(frame: pl.DataFrame, start: str, end: str, count: str, title: str) -> dict[str, Any]:
    """Bars from `start` to `end`, as high as `count`."""
    chart = (
        alt.Chart(frame)
        .mark_bar(color=ACCENT)
        .encode(
            alt.X(f"{start}:Q", title=title).bin("binned"),
            alt.X2(end),
            alt.Y(f"{count}:Q"),
            tooltip=[alt.Tooltip(f"{name}:Q", format=",.2f") for name in (start, end)]
            + [alt.Tooltip(f"{count}:Q")],
        )
    )
    return finished(chart)


def _over(
    frame: pl.DataFrame, x: str, y: str, told: Sequence[str], chart: alt.Chart
) -> dict[str, Any]:
    tooltips = [
        alt.Tooltip(name, format=",.2f") if frame[name].dtype == pl.Float64 else alt.Tooltip(name)
        for name in told
    ]
    encoded = chart.encode(
        alt.X(f"{x}:Q", title=_words(x)).scale(nice=False).axis(grid=False),
        alt.Y(f"{y}:Q", title=_words(y)).scale(zero=chart.mark.type == "area"),
        tooltip=tooltips,
    )
    return finished(encoded)


def _words(name: str) -> str:
    """The name of a column as people read it, with its unit."""
    for end, unit in (("_usd", ", USD"), ("_pct", ", %")):
        if name.endswith(end):
            return f"{name.removesuffix(end)}{unit}".replace("_", " ")
    return name.replace("_", " ")
