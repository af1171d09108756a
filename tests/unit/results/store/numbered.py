"""Rows whose figures are their configs' numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.store.rows import sweep_rows
from tests.helpers.inputs.sweeps import spec

GRID = {"name": "min_spread_bps", "start": 0, "stop": 99, "num": 100}
SWEEP = SweepSpec(**spec(GRID))


def rows_of(start: int, stop: int, **columns: Any) -> pl.DataFrame:
    """Rows whose figures are all their config's number, but for the columns that are given."""
    numbers = np.arange(start, stop)
    figures: dict[str, Any] = dict.fromkeys(FIGURE_NAMES, numbers)
    figures |= {"stopped_timestamp": [None] * len(numbers), **columns}
    return sweep_rows(SWEEP, start, stop, figures, {})
