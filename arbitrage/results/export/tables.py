"""Rows as they are, in CSV and in Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import polars as pl
from pyarrow import parquet

from arbitrage.documents.json_text import compact_json
from arbitrage.results.store.known_sweeps import KnownSweep
from arbitrage.results.store.rows import NO_ROWS

METADATA_KEY = "arbtune"
"""Of the Parquet file's own metadata: the sweep's description, as JSON."""

GROUP_ROWS = 131_072


def write_csv(_: KnownSweep, batches: Iterator[pl.DataFrame], path: Path) -> int:
    """Write text; a null is an empty cell. Returns the number of rows."""
    count = 0
    with path.open("wb") as file:
        NO_ROWS.write_csv(file)
        for batch in batches:
            batch.write_csv(file, include_header=False)
            count += batch.height
    return count


def write_parquet(known: KnownSweep, batches: Iterator[pl.DataFrame], path: Path) -> int:
    """Write typed columns in large groups of rows. Returns the number of rows."""
    metadata = {METADATA_KEY: compact_json(asdict(known.description))}
    count = 0
    schema = NO_ROWS.to_arrow().schema.with_metadata(metadata)
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        for group in _groups(batches):
            file.write_table(group.to_arrow().cast(schema))
            count += group.height
    return count


def _groups(batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    waiting: list[pl.DataFrame] = []
    for batch in batches:
        waiting.append(batch)
        if sum(part.height for part in waiting) >= GROUP_ROWS:
            yield pl.concat(waiting)
            waiting = []
    if waiting:
        yield pl.concat(waiting)
