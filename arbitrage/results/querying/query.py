"""Rows of one or several sweeps, chosen and put into an order by figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.spec.axes import Indices
from arbitrage.documents.validation import did_you_mean
from arbitrage.errors import ConfigError, DataError
from arbitrage.results.querying.condition import condition, not_a_condition
from arbitrage.results.querying.neighbours import FigureByNumber, medians_beside, middle_of
from arbitrage.results.querying.plateau import equals_of
from arbitrage.results.store.known_sweeps import KnownSweep
from arbitrage.results.store.ranking import CONFIGS, first_groups, rankable
from arbitrage.results.store.rows import SCHEMA

SWEEP = "sweep_id"
NEIGHBOURS_MEDIAN = "neighbours_median"

NUMBERS = tuple(name for name, dtype in SCHEMA.items() if dtype.is_numeric())
SORTABLE = (*NUMBERS, NEIGHBOURS_MEDIAN)
GROUPING = (SWEEP, *SCHEMA)

_BEST = "best"


@dataclass(frozen=True)
class Query:
    """What is asked of the rows.

    Attributes:
        sort: The column to sort by.
        descending: Whether its highest value comes first.
        top: How many lines are wanted.
        where: A condition in SQL over the columns of the rows; None for the filters of each spec.
        by: Columns; of rows that are the same in all of them only the first is wanted.
        neighbours: The figure whose median over the neighbours of a config is wanted, if any.

    Raises:
        ConfigError: There is no such column, or the condition is not one.
    """

    sort: str
    descending: bool = True
    top: int = 10
    where: str | None = None
    by: tuple[str, ...] = ()
    neighbours: str | None = None

    def __post_init__(self) -> None:
        _check("--sort", self.sort, SORTABLE)
        for name in self.by:
            _check("--by", name, GROUPING)
        if self.neighbours is not None:
            _check("--neighbours", self.neighbours, NUMBERS)
        elif self.sort == NEIGHBOURS_MEDIAN:
            raise ConfigError(f"--sort {NEIGHBOURS_MEDIAN} needs --neighbours FIGURE")
        _ = self.condition

    @cached_property
    def condition(self) -> pl.Expr | None:
        """The condition as an expression."""
        return None if self.where is None else condition(self.where)

    @property
    def alike(self) -> list[str]:
        """Rows that are the same in all of these share a line."""
        return list(dict.fromkeys([SWEEP, *FIGURE_NAMES, self.sort, *self.by]))


def first_lines(sweeps: Sequence[KnownSweep], query: Query) -> list[dict[str, Any]]:
    """The first lines of all the sweeps together.

    A line is the rows of a sweep with the same figures. It is told by the row in their middle, with
    its sweep's id as `SWEEP`, their number as `CONFIGS`, and `NEIGHBOURS_MEDIAN` where that is
    asked for. Among equals the line with the lowest config number comes first. A row without the
    figure to sort by, or to take the median of, is in none of them. In memory is what is sorted
    by, not the rows.

    Raises:
        DataError: A part is damaged.
        ConfigError: The condition fails on a row.
    """
    with _errors_in_a_sentence(sweeps, query):
        rows = pl.concat([_rows(known, query) for known in sweeps])
        firsts = _firsts(rows, query)
        equals = equals_of(rows, firsts, query.alike)
        specs = {known.sweep_id: known.spec for known in sweeps}
        places = [
            (sweep_id, middle_of(specs[sweep_id], numbers))
            for sweep_id, numbers in zip(firsts[SWEEP], equals, strict=True)
        ]
        shown = {place: row for known in sweeps for place, row in _whole_rows(known, places, query)}
    return [
        {**shown[place], CONFIGS: numbers.size}
        for place, numbers in zip(places, equals, strict=True)
    ]


def _check(flag: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise ConfigError(f"{flag}: no such column: {name!r:.60}{did_you_mean(name, known)}")


def _rows(known: KnownSweep, query: Query) -> pl.LazyFrame:
    """The rows of a sweep that may be in a line."""
    rows = known.folder.rows(known.spec.total)
    there = rankable(rows, known.spec)
    if query.condition is not None:
        there = rows.filter(query.condition)
    if query.sort == NEIGHBOURS_MEDIAN and query.neighbours is not None:
        figure = _figure(known, query.neighbours)
        there = there.join(_medians(known, figure, figure.numbers).lazy(), on="config_number")
    there = there.filter(pl.col(query.sort).is_not_null())
    return there.with_columns(pl.lit(known.sweep_id).alias(SWEEP))


def _firsts(rows: pl.LazyFrame, query: Query) -> pl.DataFrame:
    """The first row of each line, in their order: its number, and what its line has in common."""
    needed = rows.select(list(dict.fromkeys(["config_number", *query.alike])))
    return first_groups(
        _best_of_each(needed, query) if query.by else needed,
        query.sort,
        query.by or query.alike,
        query.top,
        descending=query.descending,
        ties=("config_number", SWEEP),
    )


def _best_of_each(rows: pl.LazyFrame, query: Query) -> pl.LazyFrame:
    """The rows that have the best figure among those with their values in the columns of `by`.

    The first lines are the same without this, but each may take a pass over all rows then.
    """
    figure = pl.col(query.sort)
    extreme = figure.max() if query.descending else figure.min()
    best = rows.group_by(query.by).agg(extreme.alias(_BEST))
    keys = [*query.by, query.sort], [*query.by, _BEST]
    return rows.join(best, left_on=keys[0], right_on=keys[1], how="semi", nulls_equal=True)


def _whole_rows(
    known: KnownSweep, places: Sequence[tuple[str, int]], query: Query
) -> Iterator[tuple[tuple[str, int], dict[str, Any]]]:
    """The rows of a sweep at these places, with all that is asked of them."""
    numbers = sorted(number for sweep_id, number in places if sweep_id == known.sweep_id)
    rows = known.folder.rows(known.spec.total).filter(pl.col("config_number").is_in(numbers))
    if query.neighbours is not None:
        medians = _medians(known, _figure(known, query.neighbours), np.array(numbers, np.int64))
        rows = rows.join(medians.lazy(), on="config_number")
    for row in rows.collect(engine="streaming").iter_rows(named=True):
        yield (known.sweep_id, row["config_number"]), {SWEEP: known.sweep_id, **row}


def _figure(known: KnownSweep, name: str) -> FigureByNumber:
    """A figure of all configs of a sweep that have it."""
    there = known.folder.rows(known.spec.total).select("config_number", pl.col(name).alias(_BEST))
    found = there.drop_nulls().collect(engine="streaming").sort("config_number")
    return FigureByNumber(
        found["config_number"].to_numpy(), found[_BEST].cast(pl.Float64).to_numpy()
    )


def _medians(known: KnownSweep, figure: FigureByNumber, numbers: Indices) -> pl.DataFrame:
    """The median of a figure over the neighbours of these configs."""
    medians = pl.Series(NEIGHBOURS_MEDIAN, medians_beside(known.spec, numbers, figure))
    return pl.DataFrame([pl.Series("config_number", numbers), medians.fill_nan(None)])


@contextmanager
def _errors_in_a_sentence(sweeps: Sequence[KnownSweep], query: Query) -> Iterator[None]:
    """Name the part that is damaged, or say what the condition fails of."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        for known in sweeps:
            known.folder.check(known.spec.total)
        if query.where is not None:
            raise not_a_condition(error) from error
        raise DataError(f"cannot read the results: {error}") from error
