"""What the rows of a sweep say: where it stands, which row is the best, and which come next.

`Filters` of `documents/spec/spec_parts.py` says which rows may be ranked. Over any number of rows
in bounded memory: whatever runs here is streamed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import polars as pl

from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.store.rows import ERROR, SUCCESS

CONFIGS = "configs"
_RANKED = "ranked"
_AHEAD = 1_000  # rows looked at in one pass for groups of them


class RowCounts(NamedTuple):
    """How many rows succeeded, failed and traded, and the lowest threshold among them, in bps.

    `lowest_threshold_bps` is `min_spread_bps` and the cost of one execution; None without rows.
    """

    succeeded: int
    failed: int
    traded: int
    lowest_threshold_bps: float | None


class Rejection(NamedTuple):
    """How many rows a filter, or all together, reject, of how many that are judged."""

    rejected: int
    judged: int


def count_rows(rows: pl.LazyFrame) -> RowCounts:
    """What the rows have come to."""
    status = pl.col("status")
    cost = pl.col("taker_fee_a_bps") + pl.col("taker_fee_b_bps") + pl.col("slippage_bps")
    counted = rows.select(
        succeeded=(status == SUCCESS).sum(),
        failed=(status == ERROR).sum(),
        traded=(pl.col("total_trades") > 0).sum(),
        lowest_threshold_bps=(pl.col("min_spread_bps") + cost).min(),
    )
    return RowCounts(*counted.collect(engine="streaming").row(0))


def first_error(rows: pl.LazyFrame) -> str | None:
    """What ended the first config that failed, or None."""
    failed = rows.filter(pl.col("error").is_not_null()).select("error").head(1)
    found: str | None = next(iter(failed.collect(engine="streaming")["error"]), None)
    return found


def best_row(rows: pl.LazyFrame, spec: SweepSpec) -> dict[str, Any] | None:
    """The best row, as docs/sweeps.md defines it, or None."""
    ranked = rankable(rows, spec).sort(spec.rank_by, "config_number", descending=[True, False])
    return next(ranked.head(1).collect(engine="streaming").iter_rows(named=True), None)


def ranked_groups(rows: pl.LazyFrame, spec: SweepSpec, count: int) -> list[dict[str, Any]]:
    """The first groups of rows by the spec's rank, of those that pass its filters.

    A group is the rows that have all figures in common, as those of a parameter that changes
    nothing. It is told by its first row, with their number as `CONFIGS`. Runs over any number of
    rows and groups in bounded memory, mostly in two passes.
    """
    passing, figures = rankable(rows, spec), list(FIGURE_NAMES)
    found = first_groups(passing, spec.rank_by, figures, count)
    alike = passing.join(found.lazy(), on=figures, how="semi", nulls_equal=True)
    sizes = alike.group_by(figures).agg(pl.len().alias(CONFIGS)).collect(engine="streaming")
    return found.join(
        sizes, on=figures, how="left", nulls_equal=True, maintain_order="left"
    ).to_dicts()


def first_groups(
    rows: pl.LazyFrame,
    figure: str,
    alike: Sequence[str],
    count: int,
    *,
    descending: bool = True,
    ties: Sequence[str] = ("config_number",),
) -> pl.DataFrame:
    """The first row of each of the first groups, in the order of a figure.

    Args:
        rows: Rows that have the figure.
        figure: The column to sort by.
        alike: The rows of a group are the same in these columns.
        count: How many groups are wanted.
        descending: Whether the highest value comes first.
        ties: Columns of which the lowest value comes first among equals.
    """
    order = [figure, *ties]
    directions = [descending, *(False for _ in ties)]
    found = rows.collect_schema().to_frame()
    while found.height < count:
        others = rows.join(found.lazy(), on=alike, how="anti", nulls_equal=True)
        ranked = (others if found.height else rows).sort(order, descending=directions)
        ahead = ranked.head(_AHEAD).collect(engine="streaming")
        firsts = ahead.unique(alike, keep="first", maintain_order=True)
        found = pl.concat([found, firsts.head(count - found.height)])
        if ahead.height < _AHEAD:
            break
    return found


def rejections(rows: pl.LazyFrame, spec: SweepSpec) -> dict[str, Rejection]:
    """What each filter alone rejects of the rows that have the figure to rank by."""
    ranked = rows.filter(pl.col(spec.rank_by).is_not_null())
    filters = _filters(spec)
    counted = ranked.select(
        pl.len().alias(_RANKED), *((~test).sum().alias(name) for name, test in filters.items())
    )
    counts = counted.collect(engine="streaming").row(0, named=True)
    return {name: Rejection(counts[name], counts[_RANKED]) for name in filters}


def rejected_together(rows: pl.LazyFrame, spec: SweepSpec) -> Rejection:
    """What the filters together reject of the rows that have the figure to rank by."""
    ranked = rows.filter(pl.col(spec.rank_by).is_not_null()).select(pl.len())
    passing = rankable(rows, spec).select(pl.len())
    judged, passed = (
        frame.item() for frame in pl.collect_all([ranked, passing], engine="streaming")
    )
    return Rejection(judged - passed, judged)


def rankable(rows: pl.LazyFrame, spec: SweepSpec) -> pl.LazyFrame:
    """The rows that may be ranked: a config that failed has no figure, and is none of them."""
    return rows.filter(pl.col(spec.rank_by).is_not_null(), *_filters(spec).values())


def _filters(spec: SweepSpec) -> dict[str, pl.Expr]:
    filters = {}
    if spec.filters.max_drawdown_pct is not None:
        filters["max_drawdown_pct"] = pl.col("max_drawdown_pct") <= spec.filters.max_drawdown_pct
    if spec.filters.min_trades is not None:
        filters["min_trades"] = pl.col("total_trades") >= spec.filters.min_trades
    return filters
