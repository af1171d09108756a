"""Parquet of any length as parts."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pyarrow.parquet as pq

from arbitrage.data.venues.flat.table.part import Part
from arbitrage.data.venues.parquet import sound_parquet
from arbitrage.data.venues.source import Member

_ROWS_AT_ONCE = 2**18


def parquet_parts(member: Member, columns: dict[str, str]) -> Iterator[Part]:
    """The rows of a Parquet file, in order.

    Args:
        member: The content, a file that is not packed.
        columns: The columns that are wanted: field to name.

    Raises:
        DataError: The file is damaged.
    """
    count = 0
    with sound_parquet(member.name):
        file = pq.ParquetFile(member.stream, page_checksum_verification=True)
        for batch in file.iter_batches(_ROWS_AT_ONCE, columns=sorted({*columns.values()})):
            cells = pl.DataFrame(pl.from_arrow(batch)).select(**columns)
            numbers = range(count + 1, count + cells.height + 1)
            count += cells.height
            yield Part(member.name, "row", numbers, columns, cells)
