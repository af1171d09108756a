"""CSV text into columns: polars reads, the standard library's csv module judges.

polars is fast, but lenient where a tuner must not be (short rows, blank lines, odd quotes) and
silent about where an error is. So it only reads blocks of lines about which nothing is odd; from
the first other one on the csv module decides what the rows are, and the first bad one is named by
its line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from arbitrage.data.columns import COLUMNS, SCHEMA, check_header, columns_of
from arbitrage.data.files.data_file import too_many_rows
from arbitrage.data.readers.ahead import each_ahead
from arbitrage.data.readers.csv_marks import has_lone_returns, is_rectangular, without_quotes
from arbitrage.data.readers.line_blocks import line_blocks
from arbitrage.data.rules.checked_rows import ROWS_AT_ONCE, Block, CheckedRows
from arbitrage.data.rules.number_columns import has_missing_cells
from arbitrage.errors import DataError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BOM = b"\xef\xbb\xbf"
_BLANK_LAST_LINES = (b"\n\n", b"\n\r\n")
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def read_csv(pieces: Iterable[bytes], name: str, max_rows: int) -> Iterator[Block]:
    """The rows of a CSV, with the columns that are ours.

    Args:
        pieces: Its text, in pieces of any size.
        name: What messages call the file.
        max_rows: How many it may have.

    Raises:
        DataError: As the table of data errors says; `Invalid row N: ...` for the first bad row.
    """
    count = 0
    for block in _blocks_of(pieces, name, max_rows):
        count += block.numbers.height
        if count > max_rows:
            raise too_many_rows(name, max_rows)
        yield block
    if not count:
        raise DataError("No valid snapshots loaded from CSV file")


def _blocks_of(pieces: Iterable[bytes], name: str, max_rows: int) -> Iterator[Block]:
    """By the fast road up to the first block about which something is odd."""
    checked, count, lines = CheckedRows(), 0, 0
    parts = _read_fast(pieces)
    for part in parts:
        is_empty = part.frame is not None and part.frame.is_empty()
        block = None if part.frame is None or is_empty else checked.at_once(part.frame)
        if block is None and not is_empty:
            texts = chain([part.text], (later.text for later in parts))
            rows = _NumberedRows(_Text(texts, name), name, lines)
            header = part.header if lines else _checked_header(next(rows, (0, []))[1])
            yield from _read_by_row(rows, header, name, max_rows - count, checked)
            return
        lines += part.lines
        if block is not None:
            count += block.numbers.height
            yield block


# -- the fast road


class _Part(NamedTuple):
    """A block of lines, with its columns unless the csv module has to look at it.

    `header` is the file's, and empty where that is not a plain one.
    """

    text: bytes
    header: list[str]
    frame: pl.DataFrame | None
    has_header: bool = False

    @property
    def lines(self) -> int:
        """How many lines it has, where there is a frame of it: blank ones only at its end."""
        if self.frame is None or self.frame.is_empty() or self.text.endswith(_BLANK_LAST_LINES):
            return self.text.count(b"\n")
        return self.frame.height + self.has_header


def _read_fast(pieces: Iterable[bytes]) -> Iterator[_Part]:
    """The text block by block.

    Raises:
        DataError: There is none.
    """
    blocks = line_blocks(pieces)
    first = next(blocks).removeprefix(_BOM)
    if not first:
        raise DataError("CSV file is empty")
    plain = _plain(first)
    header = [] if plain is None else _header_of(plain)
    frame = _read_columns(plain, header) if plain and header else None
    yield _Part(first, header, frame, has_header=True)
    yield from each_ahead(partial(_read_part, header), blocks)


def _read_part(header: list[str], text: bytes) -> _Part:
    """A block after the first one."""
    plain = _plain(text) if header else None
    if plain is None:
        return _Part(text, header, None)
    return _Part(text, header, _read_columns(plain, header, has_header=False))


def _plain(text: bytes) -> bytes | None:
    """The same rows without quotes and without blank last lines; None where they may be others."""
    if has_lone_returns(text):
        return None
    if text.endswith(_BLANK_LAST_LINES):
        text = text.rstrip(b"\r\n")
    if text.endswith(b","):  # polars would overlook an empty cell at the very end
        text += b"\n"
    return without_quotes(text) if b'"' in text else text


def _header_of(text: bytes) -> list[str]:
    """The names of the columns, if ours are among them and none is there twice; else none."""
    try:
        header = io.BytesIO(text).readline().rstrip(b"\r\n").decode().split(",")
    except UnicodeDecodeError:
        return []
    is_plain = len(set(header)) == len(header) and set(COLUMNS) <= set(header)
    return header if is_plain else []


def _read_columns(
    text: bytes, header: list[str], *, has_header: bool = True
) -> pl.DataFrame | None:
    # Where all columns are read, polars refuses long rows, short ones lack a cell, and what is not
    # text shows in a number or a timestamp.
    columns = columns_of(header)
    if len(header) > len(columns) and not (_is_text(text) and is_rectangular(text, len(header))):
        return None
    try:
        frame = (
            pl.scan_csv(
                text,
                has_header=has_header,
                schema={column: SCHEMA.get(column, pl.String()) for column in header},
                quote_char=None,
                low_memory=False,
            )
            .select(columns)
            .collect()
        )
    except pl.exceptions.PolarsError:
        return None
    if has_missing_cells(frame):
        return None
    if sum(frame.null_count().row(0)) and not is_rectangular(text, len(header)):
        return None  # a cell that may be empty is not there at all
    return frame


def _is_text(text: bytes) -> bool:
    try:
        return b"\0" not in text and (text.isascii() or bool(text.decode()))
    except UnicodeDecodeError:
        return False


# -- the road that decides


_Row = tuple[int, list[str]]
"""The line on which a row starts, and its cells."""


def _read_by_row(
    rows: Iterator[_Row], header: list[str], name: str, max_rows: int, checked: CheckedRows
) -> Iterator[Block]:
    columns = columns_of(header)
    places = [header.index(column) for column in columns]
    for block in _blocks(_of_one_width(rows, len(header), name, max_rows)):
        cells = {
            column: pl.Series([row[place] for _, row in block], dtype=pl.String())
            for column, place in zip(columns, places, strict=True)
        }
        yield checked.take([number for number, _ in block], pl.DataFrame(cells))


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
        if block:
            yield block
        raise
    if block:
        yield block


def _checked_header(header: list[str]) -> list[str]:
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
    return header


class _NumberedRows(Iterator[_Row]):
    """The rows of a CSV, each with the line on which it starts; blank lines are passed over.

    Args:
        text: What the csv module has to read of the file.
        name: What messages call the file.
        lines: How many lines stand before the text.
    """

    def __init__(self, text: io.RawIOBase, name: str, lines: int) -> None:
        self._name = name
        self._lines = lines
        content = io.TextIOWrapper(io.BufferedReader(text), encoding="utf-8", newline="")
        self._reader = csv.reader(content, strict=True)

    def __next__(self) -> _Row:
        while True:
            number = self._lines + self._reader.line_num + 1
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


class _Text(io.RawIOBase):
    """Blocks of bytes as one stream; a NUL among them is refused."""

    def __init__(self, blocks: Iterator[bytes], name: str) -> None:
        super().__init__()
        self._blocks = blocks
        self._name = name
        self._block = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        for block in () if self._block else self._blocks:
            if b"\0" in block:
                raise DataError(
                    f"the data file {self._name!r} holds NUL bytes: it is not a UTF-8 CSV"
                )
            self._block = memoryview(block)
            if block:
                break
        target = memoryview(buffer)
        count = min(len(target), len(self._block))
        target[:count] = self._block[:count]
        self._block = self._block[count:]
        return count
