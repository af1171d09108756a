"""The seeded quotes as files, a row each quarter of a second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from arbitrage.data.columns import PRICES, TIMESTAMP
from benchmarks.market_data import SEED, market_data

FIRST = np.datetime64("2024-01-01T00:00:00.000", "ms")
STEP = np.timedelta64(250, "ms")
PART_ROWS = 1_000_000
ROW_GROUP = 2**18


def write_csv(path: Path, rows: int) -> Path:
    """Text timestamps, six decimals: what a recorder writes."""
    with path.open("wb") as file:
        for start, part in _parts(rows):
            rounded = part.with_columns(pl.col(PRICES).round(6))
            rounded.write_csv(file, include_header=start == 0)
    return path


def write_parquet(path: Path, rows: int) -> Path:
    """The same rows, with all digits."""
    with ExitStack() as stack:
        writer = None
        for _, part in _parts(rows):
            table = part.to_arrow()
            if writer is None:
                writer = pq.ParquetWriter(path, table.schema, compression="zstd")
                stack.enter_context(writer)
            writer.write_table(table, row_group_size=ROW_GROUP)
    return path


def _parts(rows: int) -> Iterator[tuple[int, pl.DataFrame]]:
    """The rows in parts, so that memory holds one of them; each with its first row."""
    for start in range(0, rows, PART_ROWS):
        count = min(PART_ROWS, rows - start)
        moments = FIRST + STEP * np.arange(start, start + count)
        texts = np.datetime_as_string(moments, unit="ms")
        columns = dict(zip(PRICES, market_data(count, SEED + start), strict=True))
        part = pl.DataFrame({TIMESTAMP: texts, **columns})
        yield start, part.with_columns(pl.col(TIMESTAMP) + "Z")
