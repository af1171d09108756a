"""What was searched, and what was left out of the search."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from arbitrage.documents.config import NUMERIC_FIELDS, TuningConfig
from arbitrage.documents.spec.grids import INTEGER_FIELDS, Grid, field_value
from arbitrage.documents.spec.short_values import short_text
from arbitrage.errors import ConfigError
from arbitrage.results.report.known import Known, setting
from arbitrage.results.report.levels import NO_VALUE
from arbitrage.results.report.page.parts import Points, Section, Table
from arbitrage.results.store.ranking import rejections

_BEYOND = 1e-6  # of a value: a field that does not take so much more ends there


def search_section(known: Known) -> Section:
    """The values that were tried, what was not varied, and what the filters took away."""
    varied = [grid for grid in known.spec.grids if grid.axis.size > 1]
    extremes = _extremes(known, varied)
    return Section(
        "search",
        "What was searched",
        sentences=[*_edges(known, varied, extremes)],
        points=[Points("What was left out", [*_not_varied(known), *_filtered(known)])],
        tables=[_tried(known, varied, extremes)] if varied else [],
    )


def _extremes(known: Known, varied: list[Grid]) -> dict[str, tuple[int, float, float]]:
    """Of each parameter how many values have a row, the smallest and the largest of them."""
    names = [grid.name for grid in varied]
    counted = known.rows.select(
        *(pl.col(name).n_unique().alias(f"count {name}") for name in names),
        *(pl.col(name).min().alias(f"least {name}") for name in names),
        *(pl.col(name).max().alias(f"greatest {name}") for name in names),
    )
    found = counted.collect(engine="streaming").to_dicts()[0] if names else {}
    kinds = ("count", "least", "greatest")
    return {name: tuple(found[f"{kind} {name}"] for kind in kinds) for name in names}


def _tried(
    known: Known, varied: list[Grid], extremes: dict[str, tuple[int, float, float]]
) -> Table:
    best = known.best or {}
    rows = []
    for grid in varied:
        count, *ends = extremes[grid.name]
        own = _text(grid, best[grid.name]) if best else ""
        rows.append((grid.name, f"{count:,}", *(_text(grid, end) for end in ends), own))
    columns = ("parameter", "values", "smallest", "largest", "of the best config")
    return Table("The values that were tried", columns, rows)


def _text(grid: Grid, value: float | None) -> str:
    return NO_VALUE if value is None else short_text(grid, value)


def _edges(
    known: Known, varied: list[Grid], extremes: dict[str, tuple[int, float, float]]
) -> Iterator[str]:
    """Where the best config has the last value that was tried, and others could be."""
    if known.best is None:
        return
    edges = []
    for grid in varied:
        value, (_, least, greatest) = known.best[grid.name], extremes[grid.name]
        if value is None or least == greatest:
            continue
        for end, which, sign in ((least, "smallest", -1), (greatest, "largest", 1)):
            if value == end and _may_be_passed(grid.name, value, sign):
                edges.append(f"{grid.name} {_text(grid, value)} (its {which} value)")
    if edges:
        yield (
            f"The best is at the edge of the grid: {', '.join(edges)}. A wider grid may have a "
            "better one."
        )


def _may_be_passed(name: str, value: float, sign: int) -> bool:
    """Whether the field takes a value beyond this one."""
    step = 1 if name in INTEGER_FIELDS else max(abs(value), 1.0) * _BEYOND
    try:
        field_value(name, value + sign * step)
    except ConfigError:
        return False
    return True


def _not_varied(known: Known) -> Iterator[str]:
    base, varied = known.spec.base, {grid.name for grid in known.spec.grids}
    defaults: list[str] = []
    given: list[str] = []
    for name in NUMERIC_FIELDS:
        if name in varied:
            continue
        field, value = TuningConfig.model_fields[name], getattr(base, name)
        is_default = not field.is_required() and value == field.default
        (defaults if is_default else given).append(f"{name} {setting(value)}")
    if given:
        yield f"Fixed by the spec, so not searched: {', '.join(given)}."
    if defaults:
        yield f"Left at their default, so not searched: {', '.join(defaults)}."


def _filtered(known: Known) -> Iterator[str]:
    filters = known.spec.filters.model_dump(exclude_none=True)
    for name, (rejected, judged) in rejections(known.rows, known.spec).items():
        what = f"{name} {setting(filters[name])}"
        yield f"The filter {what} rejects {rejected:,} of {judged:,} configs."
    if len(filters) > 1:
        yield f"Together they reject {known.rejected.rejected:,} of {known.rejected.judged:,}."
    if not filters:
        yield "No filter rejects any config."
    if known.sweep.done < known.spec.combinations:
        yield (
            f"Of the {known.spec.combinations:,} combinations of the grids "
            f"{known.sweep.done:,} have a row."
        )
