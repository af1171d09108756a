"""The values of a parameter that a picture has room for: single ones, or ranges of neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from arbitrage.documents.spec.grids import Grid
from arbitrage.documents.spec.short_values import short_text

NO_VALUE = "none"

_LONG = 16  # characters of a label


@dataclass(frozen=True, slots=True)
class Levels:
    """A parameter in steps by size; a null, which stands for no limit, is the last.

    Attributes:
        labels: What people read of each step.
        steps: Frame of the parameter's values (`name`) and their steps (`step_<name>`).
    """

    name: str
    labels: tuple[str, ...]
    steps: pl.DataFrame

    @property
    def column(self) -> str:
        """The column that `on` adds."""
        return f"step_{self.name}"

    def on(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The rows with the step of each."""
        return rows.join(self.steps.lazy(), on=self.name, how="left", nulls_equal=True)


def levels_of(rows: pl.LazyFrame, grid: Grid, most: int) -> Levels:
    """The steps of a parameter, at most `most`, as even as their number allows."""
    values = rows.select(pl.col(grid.name).unique()).collect(engine="streaming")
    values = values.sort(grid.name, nulls_last=True)
    count = min(values.height, most)
    steps = values.with_columns(
        (pl.int_range(pl.len()) * count // max(values.height, 1)).alias(f"step_{grid.name}")
    )
    ends = steps.group_by(f"step_{grid.name}", maintain_order=True).agg(
        first=pl.col(grid.name).first(), last=pl.col(grid.name).last()
    )
    bounds = [(first, last) for _, first, last in ends.iter_rows()]
    labels = [_label(*(short_text(grid, end) for end in pair)) for pair in bounds]
    rounded = [_label(*(_rounded(end) for end in pair)) for pair in bounds]
    is_long = max(map(len, labels), default=0) > _LONG and len(set(rounded)) == len(labels)
    return Levels(grid.name, tuple(rounded if is_long else labels), steps)


def _label(first: str, last: str) -> str:
    return " to ".join(NO_VALUE if end == "null" else end for end in dict.fromkeys([first, last]))


def _rounded(value: float | None) -> str:
    """A value as short as a picture wants it: thirds have no few digits."""
    return "null" if value is None else f"{value:.4g}"
