"""A figure over two parameters: the best and the median of the configs in each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.report.importance import two_most_important
from arbitrage.results.report.levels import Levels, levels_of
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.ranking import rankable
from arbitrage.shell.pictures.heatmap import MAX_ACROSS, MAX_DOWN, Axis, Heatmap

BEST, MEDIAN = "best", "median"

Cells = list[list[float | None]]
"""A list for each step down, with a value for each step across; None where no config is."""


@dataclass(frozen=True, slots=True)
class TwoParameters:
    """The cells of a picture, whatever draws it."""

    down: Levels
    across: Levels
    cells: dict[str, Cells]


def over_two(
    placed: pl.LazyFrame,
    figure: str,
    down: Levels,
    across: Levels,
    statistics: Sequence[str] = (BEST, MEDIAN),
) -> TwoParameters:
    """The statistics of a figure in each cell, over all values of the other parameters.

    Args:
        placed: Rows with the steps of both parameters, see `Levels.on`.
        figure: The column; a row without it does not count.
        down: The parameter that goes down.
        across: The other one.
        statistics: `BEST`, `MEDIAN` or both.
    """
    value = pl.col(figure).cast(pl.Float64)
    of_cell = {BEST: value.max(), MEDIAN: value.median()}
    found = (
        placed.filter(value.is_not_null())
        .group_by(down.column, across.column)
        .agg(of_cell[name].alias(name) for name in statistics)
        .collect(engine="streaming")
    )
    cells = {name: _cells(found, name, down, across) for name in statistics}
    return TwoParameters(down, across, cells)


def heatmap_of(folder: SweepFolder, spec: SweepSpec) -> Heatmap | None:
    """`sweep_heatmap` of the rows on disk.

    Raises:
        DataError: A part is damaged.
    """
    with folder.damage_in_a_sentence(spec.total):
        return sweep_heatmap(folder.rows(spec.total), spec)


def sweep_heatmap(rows: pl.LazyFrame, spec: SweepSpec) -> Heatmap | None:
    """The best of the configs that may be ranked, over the two parameters that matter most.

    For a terminal. None where fewer than two parameters vary, or no config may be ranked.
    """
    names, passing = two_most_important(rows, spec), rankable(rows, spec)
    if names is None or passing.head(1).collect().is_empty():
        return None
    grids = {grid.name: grid for grid in spec.grids}
    longer, shorter = sorted(names, key=lambda name: -grids[name].axis.size)
    down = levels_of(passing, grids[longer], MAX_DOWN)
    across = levels_of(passing, grids[shorter], MAX_ACROSS)
    placed = across.on(down.on(passing))
    [cells] = over_two(placed, spec.rank_by, down, across, [BEST]).cells.values()
    down_axis, across_axis = (Axis(one.name, one.labels) for one in (down, across))
    return Heatmap(f"best {spec.rank_by}", down_axis, across_axis, cells)


def _cells(found: pl.DataFrame, name: str, down: Levels, across: Levels) -> Cells:
    cells: Cells = [[None] * len(across.labels) for _ in down.labels]
    for row, column, value in found.select(down.column, across.column, name).iter_rows():
        cells[row][column] = value
    return cells
