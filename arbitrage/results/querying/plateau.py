"""The figures of a config's neighbours beside its own, and which of equal configs is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.spec.axes import Indices
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.errors import ConfigError
from arbitrage.results.querying.neighbours import middle_of, neighbours_of
from arbitrage.results.store.known_sweeps import KnownSweep
from arbitrage.results.store.ranking import best_row

_PLACE = "place"


class Plateau(NamedTuple):
    """A figure of a config beside the same figure of its neighbours.

    Attributes:
        figure: Which one.
        value: The config's own; None where it has none.
        median: That of its neighbours; None where none has the figure.
        neighbours: How many neighbours have it.
    """

    figure: str
    value: float | None
    median: float | None
    neighbours: int


def plateau_of(known: KnownSweep, number: int, figure: str) -> Plateau:
    """Whether a config stands on a plateau or alone.

    Raises:
        DataError: A part is damaged.
    """
    with known.folder.damage_in_a_sentence(known.spec.total):
        return plateau_in(known.folder.rows(known.spec.total), known.spec, number, figure)


def plateau_in(rows: pl.LazyFrame, spec: SweepSpec, number: int, figure: str) -> Plateau:
    """Whether a config stands on a plateau or alone, by the rows of its sweep."""
    [beside] = neighbours_of(spec, np.array([number]))
    there = rows.filter(pl.col("config_number").is_in([number, *beside.tolist()]))
    found = there.select("config_number", figure).drop_nulls().collect(engine="streaming")
    its_own = pl.col("config_number") == number
    values = found.filter(~its_own)[figure]
    median = values.cast(pl.Float64).median()
    return Plateau(
        figure,
        next(iter(found.filter(its_own)[figure]), None),
        median if isinstance(median, float) else None,
        values.len(),
    )


def chosen_number(known: KnownSweep, number: int | None) -> int:
    """The number itself, or that of the best config where none was named.

    Raises:
        ConfigError: None was named, and the sweep has no best config.
        DataError: A part is damaged.
    """
    if number is not None:
        return number
    best = shown_best(known)
    if best is None:
        raise ConfigError(
            f"sweep {known.sweep_id} has no best config: name one, as {known.sweep_id}:0"
        )
    return int(best["config_number"])


def shown_best(known: KnownSweep) -> dict[str, Any] | None:
    """The best row of a sweep, and of those that are equal to it in all figures the middle.

    Raises:
        DataError: A part is damaged.
    """
    spec = known.spec
    with known.folder.damage_in_a_sentence(spec.total):
        return middle_of_best(known.folder.rows(spec.total), spec)


def middle_of_best(rows: pl.LazyFrame, spec: SweepSpec) -> dict[str, Any] | None:
    """The best of a sweep's rows, and of those that are equal to it in all figures the middle."""
    best = best_row(rows, spec)
    if best is None:
        return None
    [equals] = equals_of(rows, pl.DataFrame([best], schema=rows.collect_schema()), FIGURE_NAMES)
    middle = rows.filter(config_number=middle_of(spec, equals))
    return middle.collect(engine="streaming").row(0, named=True)


def equals_of(rows: pl.LazyFrame, some: pl.DataFrame, columns: Sequence[str]) -> list[Indices]:
    """The numbers of all rows that are as one of some in these columns, for each of the some."""
    placed = some.select(columns).with_row_index(_PLACE).lazy()
    alike = rows.join(placed, on=columns, nulls_equal=True).select(_PLACE, "config_number")
    found = alike.collect(engine="streaming").sort(_PLACE, "config_number")
    ends = np.searchsorted(found[_PLACE].to_numpy(), np.arange(1, some.height))
    return np.split(found["config_number"].to_numpy(), ends)[: some.height]
