"""CSV text into columns: polars reads, the standard library's csv module judges.

polars is fast, but lenient where a tuner must not be (short rows, blank lines, odd quotes) and
silent about where an error is. So it only reads a file about which nothing is odd; for any other
the csv module decides, row by row, and names the line of the first bad one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from arbitrage.checked_rows import CheckedRows
from arbitrage.columns import (
    COLUMNS,
    SCHEMA,
    TIMESTAMP,
    check_header,
    prices_are_sound,
    too_many_rows,
)
from arbitrage.errors import DataError
from arbitrage.timestamps import WORTH_A_THREAD_ROWS, timestamps_are_sound

_BOM = b"\xef\xbb\xbf"
_BLOCK_BYTES = 2**17  # whose comparison a core's own cache holds
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def read_csv(content: bytes, name: str, max_rows: int) -> pl.DataFrame:
    """The five columns of a CSV.

    Raises:
        DataError: As the table of data errors says; `Invalid row N: ...` for the first bad row.
    """
    text = content.removeprefix(_BOM)
    if not text:
        raise DataError("CSV file is empty")
    frame = _read_fast(text)
    if frame is None:
        if b"\0" in text:
            raise DataError(f"the data file {name!r} holds NUL bytes: it is no UTF-8 CSV")
        frame = _read_by_row(text, name, max_rows)
    if frame.height == 0:
        raise DataError("No valid snapshots loaded from CSV file")
    if frame.height > max_rows:
        raise too_many_rows(name, max_rows)
    return frame


# -- the fast road


def _read_fast(text: bytes) -> pl.DataFrame | None:
    """The columns, or None when the csv module has to look."""
    header = _header_of(text)
    if header is None or text.endswith(b",") or _has_lone_returns(text):
        return None
    if len(header) > len(COLUMNS) and (b'"' in text or b"\0" in text):
        return None  # which a price or a timestamp would show, and readers differ about elsewhere
    frame = _read_columns(text, header)
    return frame if frame is not None and _is_sound(frame) else None


def _is_sound(frame: pl.DataFrame) -> bool:
    if frame.height < WORTH_A_THREAD_ROWS:
        return prices_are_sound(frame) and timestamps_are_sound(frame[TIMESTAMP])
    with ThreadPoolExecutor(1) as beside:
        prices = beside.submit(prices_are_sound, frame)
        return timestamps_are_sound(frame[TIMESTAMP]) and prices.result()


def _header_of(text: bytes) -> list[str] | None:
    """The names of the columns, if ours are among them and none is there twice."""
    try:
        header = io.BytesIO(text).readline().rstrip(b"\r\n").decode().split(",")
    except UnicodeDecodeError:
        return None
    is_plain = len(set(header)) == len(header) and set(COLUMNS) <= set(header)
    return header if is_plain else None


def _has_lone_returns(text: bytes) -> bool:
    return b"\r" in text and text.count(b"\r") != text.count(b"\r\n")


def _read_columns(text: bytes, header: list[str]) -> pl.DataFrame | None:
    try:
        # The last column is read too: a row that is short lacks at least that one.
        wanted = list(dict.fromkeys([*COLUMNS, header[-1]]))
        frame = pl.read_csv(
            text,
            columns=wanted,
            schema_overrides={column: SCHEMA.get(column, pl.String()) for column in header},
            quote_char=None,
            low_memory=False,
        )
    except pl.exceptions.PolarsError:
        return None
    # polars refuses long rows itself, where all columns are read.
    is_whole = len(header) == len(COLUMNS) or _is_rectangular(text, frame.height, len(header))
    return frame.select(COLUMNS) if is_whole and not sum(frame.null_count().row(0)) else None


def _is_rectangular(text: bytes, rows: int, columns: int) -> bool:
    """Whether no row is long: none is short, so that one would show in the number of commas."""
    bytes_ = np.frombuffer(text, np.uint8)
    blocks = (bytes_[i : i + _BLOCK_BYTES] for i in range(0, len(text), _BLOCK_BYTES))
    commas = sum(int(np.count_nonzero(block == ord(","))) for block in blocks)
    return commas == (rows + 1) * (columns - 1)


# -- the road that decides


def _read_by_row(text: bytes, name: str, max_rows: int) -> pl.DataFrame:
    reader = _NumberedRows(text, name)
    header = next(reader, (0, []))[1]
    _check_header(header)
    timestamp, *prices = [header.index(column) for column in COLUMNS]
    checked = CheckedRows()
    for count, (number, row) in enumerate(reader, start=1):
        if len(row) != len(header):
            raise DataError(
                f"Invalid row {number}: {len(row)} cells, but the header has {len(header)}"
            )
        if count > max_rows:
            raise too_many_rows(name, max_rows)
        checked.add(number, row[timestamp], [row[place] for place in prices])
    return checked.frame()


def _check_header(header: list[str]) -> None:
    """Refuse a header as for any format, with a hint where only another mark separates its cells.

    Raises:
        DataError: As `check_header`.
    """
    try:
        check_header(header)
    except DataError as error:
        line = ",".join(header)
        for mark, name in _OTHER_SEPARATORS.items():
            if mark in line and any(cell.strip() in COLUMNS for cell in line.split(mark)):
                hint = f"the cells are separated by {name}, and must be by commas"
                raise DataError(f"{error} ({hint})") from None
        raise


class _NumberedRows(Iterator[tuple[int, list[str]]]):
    """The rows of a CSV, each with the line on which it starts; blank lines are passed over."""

    def __init__(self, text: bytes, name: str) -> None:
        self._name = name
        self._reader = csv.reader(
            io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline=""), strict=True
        )

    def __next__(self) -> tuple[int, list[str]]:
        while True:
            number = self._reader.line_num + 1
            try:
                row = next(self._reader)
            except UnicodeDecodeError:
                raise DataError(
                    f"the data file {self._name!r} is no UTF-8 CSV (near line {number})"
                ) from None
            except csv.Error as error:
                raise DataError(f"Invalid row {number}: {error}") from None
            if row or number == 1:
                return number, row
