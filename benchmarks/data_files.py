"""The seeded quotes as files, a row each quarter of a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from arbitrage.data.columns import PRICES, TIMESTAMP
from benchmarks.market_data import market_data

FIRST = np.datetime64("2024-01-01T00:00:00.000", "ms")
STEP = np.timedelta64(250, "ms")


def write_csv(path: Path, rows: int) -> Path:
    """Text timestamps, six decimals: what a recorder writes."""
    _frame(rows).with_columns(pl.col(PRICES).round(6)).write_csv(path)
    return path


def write_parquet(path: Path, rows: int) -> Path:
    """The same rows, with all digits."""
    _frame(rows).write_parquet(path)
    return path


def _frame(rows: int) -> pl.DataFrame:
    moments = np.datetime_as_string(FIRST + STEP * np.arange(rows), unit="ms")
    columns = dict(zip(PRICES, market_data(rows), strict=True))
    return pl.DataFrame({TIMESTAMP: moments, **columns}).with_columns(pl.col(TIMESTAMP) + "Z")
