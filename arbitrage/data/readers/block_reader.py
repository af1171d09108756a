"""The rows of a data file, block by block, whatever its format.

The format is decided by the content: Parquet, gzip and zstd by their first bytes, as formats are
that cannot be read; else it is CSV.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import PurePath

from arbitrage.data.columns import COLUMNS
from arbitrage.data.files.data_file import DataFile
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.files.foreign_formats import foreign_format
from arbitrage.data.forks import check_fork
from arbitrage.data.readers import csv_rows
from arbitrage.data.rules.checked_rows import Block
from arbitrage.errors import DataError

_PARQUET_MAGIC = b"PAR1"
_FORMATS = {".parquet": "Parquet", ".gz": "gzip", ".zst": "zstd"}


def read_blocks(file: DataFile, limits: DataLimits) -> Iterator[Block]:
    """The rows of a file in their order; at least one block, none of them empty.

    Memory holds some blocks at a time, and all of a Parquet file that is packed in an archive.

    Raises:
        DataError: As `arbitrage.data.snapshot_table.load_snapshots`.
        ConfigError: This process was forked while polars ran.
    """
    check_fork()
    if file.head.startswith(_PARQUET_MAGIC):
        from arbitrage.data.readers.parquet_rows import read_parquet  # pyarrow

        source = io.BytesIO(b"".join(file.blocks())) if file.is_packed else file.stored()
        yield from read_parquet(source, file.name, limits)
    elif foreign := foreign_format(file.head):
        raise DataError(f"the data file {file.name!r} is {foreign}")
    else:
        yield from _read_csv(file, limits)


def _read_csv(file: DataFile, limits: DataLimits) -> Iterator[Block]:
    """The rows of a CSV; a file that is not one, but is named like another format, is told so."""
    try:
        yield from csv_rows.read_csv(file.blocks(), file.name, limits.max_rows)
    except DataError:
        suffix = PurePath(file.name).suffix.lower()
        if suffix in _FORMATS and not file.is_packed and not _has_a_column(file.head):
            format_name = _FORMATS[suffix]
            raise DataError(
                f"the data file {file.name!r} is named {suffix} but is not a {format_name} file"
            ) from None
        raise


def _has_a_column(head: bytes) -> bool:
    """Whether the first line names one of the columns, as that of no other format does.

    An empty file is a CSV without its header, whatever it is called.
    """
    header = io.BytesIO(head).readline()
    return not head or any(column.encode() in header for column in COLUMNS)
