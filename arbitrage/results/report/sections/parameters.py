"""Which parameters matter, and where the good configs are."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from arbitrage.results.report.charts.heatmap import heatmap_chart
from arbitrage.results.report.charts.series import grouped_bars, profile_chart
from arbitrage.results.report.known import Known, number, share
from arbitrage.results.report.levels import Levels, levels_of
from arbitrage.results.report.page.parts import Figure, Section, Table
from arbitrage.results.report.two_parameters import BEST, MEDIAN, over_two
from arbitrage.results.store.ranking import rankable

_STEPS = 24  # of a parameter, in a heatmap
_OFFERED = 7  # parameters, of which any two: more cells would make the file large
_DIGITS = 6  # of a cell's figure

_KINDS = {"main_effect": "by itself", "total": "with others", "top_tenth": "into the top tenth"}


def parameters_section(known: Known) -> Section:
    """The heatmap and the importance of what varies."""
    if not known.grids:
        return Section("parameters", "The parameters", sentences=["Nothing varies in this sweep."])
    passing = rankable(known.rows, known.spec)
    levels = [levels_of(passing, grid, _STEPS) for grid in known.grids[:_OFFERED]]
    figures = [*_cells(known, passing, levels), *_importance(known)]
    return Section("parameters", "The parameters", sentences=[*_sentences(known)], figures=figures)


def _sentences(known: Known) -> Iterator[str]:
    yield from known.no_evidence
    found = known.importances
    how = (
        "exactly, on the full grid"
        if found.is_exact
        else "estimated from a part of the grid, less what chance explains"
    )
    yield (
        f"Importance is the share of the variance of {known.spec.rank_by} that a parameter "
        f"explains by itself, and together with others ({how}; {found.configs:,} configs). A "
        "parameter whose two shares differ acts through others."
    )
    if found.top_from is not None:
        yield (
            f"Beside it stands the share that it explains of being in the top tenth: the "
            f"{found.top_configs:,} configs with {number(found.top_from)} or more."
        )
    if rejected := known.rejected.rejected:
        yield (
            f"{rejected:,} of {known.rejected.judged:,} configs are not in the picture: the "
            "filters reject them."
        )
    if len(known.grids) > _OFFERED:
        yield f"The heatmap offers the {_OFFERED} most important of {len(known.grids)} parameters."


def _cells(known: Known, passing: pl.LazyFrame, levels: Sequence[Levels]) -> Iterator[Figure]:
    if passing.head(1).collect().is_empty():
        return
    if len(levels) == 1:
        yield _profile(known, passing, levels[0])
        return
    # Once in memory with small numbers for values: each two parameters are a pass over it.
    placed = passing.select(known.spec.rank_by, *(one.name for one in levels))
    for one in levels:
        placed = one.on(placed).drop(one.name).cast({one.column: pl.UInt8})
    yield _heatmap(known, placed.collect().lazy(), levels)


def _heatmap(known: Known, placed: pl.LazyFrame, levels: Sequence[Levels]) -> Figure:
    figure = known.spec.rank_by
    cells = {
        f"{first} {second}": over_two(placed, figure, levels[first], levels[second]).cells
        for first, second in itertools.combinations(range(len(levels)), 2)
    }
    values = [
        value
        for of_two in cells.values()
        for rows in of_two.values()
        for row in rows
        for value in row
        if value is not None
    ]
    choices = {
        "names": [(place, one.name) for place, one in enumerate(levels)],
        "labels": [one.labels for one in levels],
        "statistics": [(BEST, "the best"), (MEDIAN, "the median")],
        "cells": {pair: _rounded(of_two) for pair, of_two in cells.items()},
        "best": _place_of_best(known, levels),
        **_first_shown(levels),
        "statistic": BEST,
    }
    title = (
        f"{figure} over two parameters, over all values of the others. The frame is the cell of "
        "the best config."
    )
    chart = heatmap_chart(figure, min(values), max(values))
    return Figure("heatmap", title, chart, None, choices)


def _first_shown(levels: Sequence[Levels]) -> dict[str, int]:
    """The two most important parameters, that with more steps down: pages are narrow."""
    down, across = sorted((0, 1), key=lambda place: -len(levels[place].labels))
    return {"down": down, "across": across}


def _rounded(of_two: dict[str, list[list[float | None]]]) -> dict[str, Any]:
    return {
        statistic: [
            [None if value is None else float(f"{value:.{_DIGITS}g}") for value in row]
            for row in rows
        ]
        for statistic, rows in of_two.items()
    }


def _place_of_best(known: Known, levels: Sequence[Levels]) -> list[int]:
    """The step of each parameter that the best config stands on."""
    best = known.best or {}
    return [
        one.steps.filter(pl.col(one.name).eq_missing(pl.lit(best[one.name])))[one.column].item()
        for one in levels
    ]


def _profile(known: Known, passing: pl.LazyFrame, levels: Levels) -> Figure:
    figure = known.spec.rank_by
    value = pl.col(figure).cast(pl.Float64)
    found = (
        levels.on(passing)
        .group_by(levels.column)
        .agg(value.max().alias(BEST), value.median().alias(MEDIAN))
        .collect(engine="streaming")
        .sort(levels.column)
    )
    labels = [levels.labels[step] for step in found[levels.column]]
    frame = found.with_columns(pl.Series(levels.name, labels)).select(levels.name, BEST, MEDIAN)
    rows = [(label, number(best), number(median)) for label, best, median in frame.iter_rows()]
    return Figure(
        "profile",
        f"{figure} over {levels.name}.",
        profile_chart(frame, levels.name, figure, [BEST, MEDIAN]),
        Table(f"{figure} by {levels.name}", (levels.name, BEST, MEDIAN), rows),
    )


def _importance(known: Known) -> Iterator[Figure]:
    found = [one for one in known.importances.parameters if one.main_effect is not None]
    if not found:
        return
    bars = pl.DataFrame(
        [
            (one.parameter, kind, 100 * getattr(one, name))
            for one in found
            for name, kind in _KINDS.items()
            if getattr(one, name) is not None
        ],
        schema={"parameter": pl.String, "kind": pl.String, "share_pct": pl.Float64},
        orient="row",
    )
    rows = [(one.parameter, *(share(getattr(one, name)) for name in _KINDS)) for one in found]
    yield Figure(
        "importance",
        "What each parameter explains of the result, in percent of the variance.",
        grouped_bars(bars, "parameter", "share_pct", "kind", "share of the variance, %"),
        Table("Importance of the parameters", ("parameter", *_KINDS.values()), rows),
    )
