"""What is known of a Parquet file before its rows are read: that it is one, and its columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from arbitrage.errors import DataError


def header_line(stream: io.BufferedReader, name: str) -> bytes:
    """The names of the columns, as the first line of a CSV would have them.

    Raises:
        DataError: The file is damaged, or packed: Parquet is read from its end.
    """
    if not stream.seekable():
        raise DataError(f"{name!r} is a Parquet file in an archive: unpack it first")
    with sound_parquet(name):
        names = pq.read_schema(stream).names
    stream.seek(0)
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(names)
    return line.getvalue().encode()


@contextmanager
def sound_parquet(name: str) -> Iterator[None]:
    """What pyarrow raises about a file, as an error that names it."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataError(
            f"{name!r} is not sound Parquet ({reason}): fetch the file again"
        ) from error
