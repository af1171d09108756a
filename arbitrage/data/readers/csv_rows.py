"""CSV text into columns: polars reads, the standard library's csv module judges.

polars is fast, but lenient where a tuner must not be (short rows, blank lines, odd quotes) and
silent about where an error is. So it only reads a file about which nothing is odd; for any other
the csv module decides what the rows are, and the first bad one is named by its line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from arbitrage.data.columns import (
    COLUMNS,
    SCHEMA,
    TIMESTAMP,
    check_header,
    columns_of,
    too_many_rows,
)
from arbitrage.data.readers.csv_marks import has_lone_returns, is_rectangular, without_quotes
from arbitrage.data.rules.checked_rows import ROWS_AT_ONCE, CheckedRows
from arbitrage.data.rules.number_columns import has_missing_cells, numbers_are_sound, with_unknowns
from arbitrage.data.rules.timestamps import WORTH_A_THREAD_ROWS, timestamps_are_sound
from arbitrage.errors import DataError

_BOM = b"\xef\xbb\xbf"
_BLANK_LAST_LINES = (b"\n\n", b"\n\r\n")
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def read_csv(content: bytes, name: str, max_rows: int) -> pl.DataFrame:
    """The columns of a CSV that are ours.

    Raises:
        DataError: As the table of data errors says; `Invalid row N: ...` for the first bad row.
    """
    text = content.removeprefix(_BOM)
    if not text:
        raise DataError("CSV file is empty")
    frame = _read_fast(text)
    if frame is None:
        if b"\0" in text:
            raise DataError(f"the data file {name!r} holds NUL bytes: it is not a UTF-8 CSV")
        frame = _read_by_row(text, name, max_rows)
    if frame.height == 0:
        raise DataError("No valid snapshots loaded from CSV file")
    if frame.height > max_rows:
        raise too_many_rows(name, max_rows)
    return frame


# -- the fast road


def _read_fast(text: bytes) -> pl.DataFrame | None:
    """The columns, or None when the csv module has to look."""
    plain = None if has_lone_returns(text) else _plain(text)
    header = None if plain is None else _header_of(plain)
    if plain is None or header is None:
        return None
    frame = _read_columns(plain, header)
    return with_unknowns(frame) if frame is not None and _is_sound(frame) else None


def _plain(text: bytes) -> bytes | None:
    """The same rows without quotes and without blank last lines; None where they may be others."""
    if text.endswith(_BLANK_LAST_LINES):
        text = text.rstrip(b"\r\n")
    if text.endswith(b","):  # polars would overlook an empty cell at the very end
        text += b"\n"
    return without_quotes(text) if b'"' in text else text


def _is_sound(frame: pl.DataFrame) -> bool:
    if frame.height < WORTH_A_THREAD_ROWS:
        return numbers_are_sound(frame) and timestamps_are_sound(frame[TIMESTAMP])
    with ThreadPoolExecutor(1) as beside:
        numbers = beside.submit(numbers_are_sound, frame)
        return timestamps_are_sound(frame[TIMESTAMP]) and numbers.result()


def _header_of(text: bytes) -> list[str] | None:
    """The names of the columns, if ours are among them and none is there twice."""
    try:
        header = io.BytesIO(text).readline().rstrip(b"\r\n").decode().split(",")
    except UnicodeDecodeError:
        return None
    is_plain = len(set(header)) == len(header) and set(COLUMNS) <= set(header)
    return header if is_plain else None


def _read_columns(text: bytes, header: list[str]) -> pl.DataFrame | None:
    # Where all columns are read, polars refuses long rows, short ones lack a cell, and what is not
    # text shows in a number or a timestamp.
    columns = columns_of(header)
    if len(header) > len(columns) and not (_is_text(text) and is_rectangular(text, len(header))):
        return None
    try:
        frame = pl.read_csv(
            text,
            columns=columns,
            schema_overrides={column: SCHEMA.get(column, pl.String()) for column in header},
            quote_char=None,
            low_memory=False,
        )
    except pl.exceptions.PolarsError:
        return None
    if has_missing_cells(frame):
        return None
    if sum(frame.null_count().row(0)) and not is_rectangular(text, len(header)):
        return None  # a cell that may be empty is not there at all
    return frame.select(columns)


def _is_text(text: bytes) -> bool:
    try:
        return b"\0" not in text and (text.isascii() or bool(text.decode()))
    except UnicodeDecodeError:
        return False


# -- the road that decides


def _read_by_row(text: bytes, name: str, max_rows: int) -> pl.DataFrame:
    lines = _NumberedRows(text, name)
    header = next(lines, (0, []))[1]
    _check_header(header)
    columns = columns_of(header)
    places = [header.index(column) for column in columns]
    checked = CheckedRows(columns)
    for block in _blocks(_of_one_width(lines, len(header), name, max_rows)):
        cells = {
            column: pl.Series([row[place] for _, row in block], dtype=pl.String())
            for column, place in zip(columns, places, strict=True)
        }
        checked.take([number for number, _ in block], pl.DataFrame(cells))
    return checked.frame()


_Row = tuple[int, list[str]]
"""The line on which a row starts, and its cells."""


def _of_one_width(rows: Iterator[_Row], width: int, name: str, max_rows: int) -> Iterator[_Row]:
    for count, (number, row) in enumerate(rows, start=1):
        if len(row) != width:
            raise DataError(f"Invalid row {number}: {len(row)} cells, but the header has {width}")
        if count > max_rows:
            raise too_many_rows(name, max_rows)
        yield number, row


def _blocks(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    """Lists of rows. The rows before an error come first, because one of them may be bad."""
    block: list[_Row] = []
    try:
        for row in rows:
            block.append(row)
            if len(block) == ROWS_AT_ONCE:
                yield block
                block = []
    except DataError:
        yield block
        raise
    yield block


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


class _NumberedRows(Iterator[_Row]):
    """The rows of a CSV, each with the line on which it starts; blank lines are passed over."""

    def __init__(self, text: bytes, name: str) -> None:
        self._name = name
        self._reader = csv.reader(
            io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline=""), strict=True
        )

    def __next__(self) -> _Row:
        while True:
            number = self._reader.line_num + 1
            try:
                row = next(self._reader)
            except UnicodeDecodeError:
                raise DataError(
                    f"the data file {self._name!r} is not a UTF-8 CSV (near line {number})"
                ) from None
            except csv.Error as error:
                raise DataError(f"Invalid row {number}: {error}") from None
            if row or number == 1:
                return number, row
