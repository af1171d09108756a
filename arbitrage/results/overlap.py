"""Finds another sweep that has computed these configs already, with a narrower grid or a list.

Its figures are not taken over; whoever starts the sweep hears of it before the work is done again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from arbitrage.documents.config import NUMERIC_FIELDS
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.description import Description, descriptions
from arbitrage.results.folder import SweepFolder
from arbitrage.results.rows import SCHEMA

# Of a sweep of any size so many configs are looked for, in runs from all over it.
_RUNS, _RUN = 100, 1_000

WORTH_SAYING = 0.1  # of a sweep's configs that another one has


class Overlap(NamedTuple):
    """A sweep that has this share of another one's configs."""

    sweep_id: str
    share: float


def largest_overlap(
    results_dir: Path, spec: SweepSpec, data_sha256: str, engine_version: str
) -> Overlap | None:
    """The sweep in a results folder that has most of the configs of this one, if it has many."""
    wanted = _some_configs(spec)
    found = [
        Overlap(known.sweep_id, _rows_among(wanted, results_dir, known) / wanted.height)
        for known in descriptions(results_dir)
        if (known.data_sha256, known.engine_version) == (data_sha256, engine_version)
    ]
    best = max(found, key=lambda alike: alike.share, default=None)
    return best if best and best.share >= WORTH_SAYING else None


def _some_configs(spec: SweepSpec) -> pl.DataFrame:
    """What the figures of the sweep depend on: of all configs, or of runs of them."""
    length = _RUN if spec.total > _RUNS * _RUN else spec.total
    starts = [spec.total * run // _RUNS for run in range(_RUNS)] if length < spec.total else [0]
    return pl.concat([_configs(spec, start, start + length) for start in starts])


def _configs(spec: SweepSpec, start: int, stop: int) -> pl.DataFrame:
    columns: dict[str, Any] = spec.columns(start, stop)
    frame = pl.select(pl.int_range(stop - start).alias("row")).with_columns(
        **{name: pl.lit(value) for name, value in columns.items()}
    )
    return frame.select(pl.col(name).cast(SCHEMA[name]).fill_nan(None) for name in NUMERIC_FIELDS)


def _rows_among(wanted: pl.DataFrame, results_dir: Path, known: Description) -> int:
    """How many of these configs another sweep has rows of."""
    rows = SweepFolder(results_dir, known.sweep_id).rows(known.total).select(NUMERIC_FIELDS)
    there = rows.join(wanted.lazy(), on=NUMERIC_FIELDS, how="semi", nulls_equal=True).unique()
    try:
        return int(there.select(pl.len()).collect(engine="streaming").item())
    except (pl.exceptions.PolarsError, OSError):
        return 0  # a damaged part is told by whoever wants its rows
