"""The rows of a sweep's result: one schema for every part, whoever made it.

A row holds `config_number`, the fields of the config (`extra`, the same for all, as its JSON text),
the figures of `TuningMetrics` (without `config_summary` and `runtime_seconds`, which belong to jobs
that run alone), `status` and `error`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from arbitrage.documents.config import TuningConfig
from arbitrage.documents.figures import FIGURE_NAMES, NULLABLE_COUNTS
from arbitrage.documents.job_metrics import TuningMetrics
from arbitrage.documents.json_text import compact_json
from arbitrage.documents.spec.sweep_spec import ParameterValues, SweepSpec
from arbitrage.documents.validation import json_kind

SUCCESS = "success"
ERROR = "error"

_DTYPES: dict[str, pl.DataType] = {
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "string": pl.String(),
    "object": pl.String(),
}
FIGURE_TYPES: dict[str, pl.DataType] = {
    name: _DTYPES[json_kind(TuningMetrics, name)] for name in FIGURE_NAMES
}
SCHEMA = pl.Schema(
    {
        "config_number": pl.Int64(),
        **{name: _DTYPES[json_kind(TuningConfig, name)] for name in TuningConfig.model_fields},
        **FIGURE_TYPES,
        "status": pl.String(),
        "error": pl.String(),
    }
)
NO_ROWS = SCHEMA.to_frame()
"""Made once: to make it takes longer than to look at it."""


def sweep_rows(
    spec: SweepSpec, start: int, stop: int, figures: Mapping[str, Any], errors: Mapping[int, str]
) -> pl.DataFrame:
    """The rows of the configs `start` to `stop` - 1.

    Args:
        spec: Whose configs they are.
        start: The number of the first.
        stop: The number after the last.
        figures: All of `FIGURE_NAMES`, each an array or a list of one element a config.
            One of `NULLABLE_COUNTS` below 0 is none; an element of a config that failed may be
            anything. Empty when all of them failed.
        errors: What ended a config that failed, by its number.
    """
    numbers = pl.Series("config_number", range(start, stop), pl.Int64)
    failures = pl.Series("error", [errors.get(number) for number in numbers], pl.String)
    frame = pl.DataFrame([numbers, failures]).with_columns(
        *_config_columns(spec, start, stop),
        *(_figure(name, figures.get(name)) for name in FIGURE_NAMES),
        status=pl.when(pl.col("error").is_null()).then(pl.lit(SUCCESS)).otherwise(pl.lit(ERROR)),
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())


def with_timestamps(figures: Mapping[str, Any], timestamp: Callable[[int], str]) -> dict[str, Any]:
    """The figures of `replay`, and when the runs stopped: many at the same few rows."""
    rows = {row: timestamp(row) for row in np.unique(figures["stopped_row"]).tolist() if row >= 0}
    stopped = [rows.get(row) for row in figures["stopped_row"].tolist()]
    return {**figures, "stopped_timestamp": stopped}


def _config_columns(spec: SweepSpec, start: int, stop: int) -> list[pl.Expr | pl.Series]:
    tag = pl.lit(spec.base.tag)
    if spec.tag_prefix is not None:
        tag = pl.concat_str(pl.lit(f"{spec.tag_prefix}-"), pl.col("config_number"))
    extra = None if spec.base.extra is None else compact_json(spec.base.extra)
    return [
        pl.lit(spec.data_file).alias("data_file"),
        *(_parameter(name, column) for name, column in spec.columns(start, stop).items()),
        tag.alias("tag"),
        pl.lit(extra).alias("extra"),
    ]


def _parameter(name: str, column: ParameterValues) -> pl.Expr:
    """A parameter's column, null where it is not set."""
    values = pl.lit(pl.Series(column) if isinstance(column, np.ndarray) else column)
    return values.cast(SCHEMA[name]).fill_nan(None).alias(name)


def _figure(name: str, values: Any) -> pl.Expr:
    """A figure's column, null where it has no value and where the config failed."""
    column = pl.lit(None if values is None else pl.Series(name, values, FIGURE_TYPES[name]))
    known = pl.col("error").is_null()
    if name in NULLABLE_COUNTS:
        known &= column >= 0
    return pl.when(known).then(column.cast(FIGURE_TYPES[name])).alias(name)
