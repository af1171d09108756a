"""CSV of any length as parts: polars reads plain blocks, the csv module those with odd rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from arbitrage.data.readers.csv_marks import has_lone_returns, is_rectangular, without_quotes
from arbitrage.data.venues.flat.fields import INTEGERS, NUMBERS, TIMES
from arbitrage.data.venues.flat.table.blocks import LONGEST_LINE_BYTES, Block, blocks
from arbitrage.data.venues.flat.table.part import Part
from arbitrage.data.venues.source import Member, Reading
from arbitrage.errors import DataError

BOM = b"\xef\xbb\xbf"
REPEATED_HEADER = "the header again"


def header_of(head: bytes) -> list[str]:
    """The cells of the first line; none when that is not a line of text."""
    line = head.removeprefix(BOM).split(b"\n", 1)[0]
    try:
        cells = next(csv.reader([line.decode().rstrip("\r")], strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        return []
    return [cell.strip() for cell in cells]


def csv_parts(
    member: Member, columns: dict[str, str], reading: Reading, header: Sequence[str] | None = None
) -> Iterator[Part]:
    """The rows of a CSV, in order.

    Args:
        member: The content.
        columns: The columns that are wanted: field to name.
        reading: Counts the headers that stand between rows.
        header: The names of the columns where the first line is a row already.

    Raises:
        DataError: A row has more or fewer cells than the header, or is not UTF-8 text.
    """
    first_line = 1
    if header is None:
        header, first_line = header_of(member.stream.readline(LONGEST_LINE_BYTES)), 2
    kinds = _kinds(columns)
    for block in blocks(member.stream, first_line):
        cells = _read_fast(block.text, header, columns, kinds)
        if cells is None:
            yield _read_by_row(member, block, header, columns, reading)
        else:
            numbers = range(block.first_line, block.first_line + cells.height)
            yield Part(member.name, "line", numbers, columns, cells)


def _kinds(columns: dict[str, str]) -> list[Mapping[str, pl.DataType]]:
    """The types to try, the likeliest first: times may be digits or any text."""
    sure: dict[str, pl.DataType] = {
        columns[field]: pl.Float64() if field in NUMBERS else pl.Int64()
        for field in columns
        if field in NUMBERS | INTEGERS
    }
    times = [columns[field] for field in columns if field in TIMES]
    return [sure | dict.fromkeys(times, pl.Int64()), sure | dict.fromkeys(times, pl.String())]


def _read_fast(
    text: bytes,
    header: Sequence[str],
    columns: dict[str, str],
    kinds: list[Mapping[str, pl.DataType]],
) -> pl.DataFrame | None:
    """The cells, or None where the csv module has to look; types that fail are not tried again."""
    plain = None if has_lone_returns(text) else without_quotes(text) if b'"' in text else text
    if plain is None or not is_rectangular(plain, len(header)):
        return None
    plain = plain if plain.endswith(b"\n") else plain + b"\n"  # or a last empty cell is overlooked
    for _ in range(len(kinds)):
        schema = {name: kinds[0].get(name, pl.String()) for name in header}
        table = pl.scan_csv(plain, has_header=False, schema=schema, quote_char=None)
        try:
            return table.select(**columns).collect()
        except pl.exceptions.PolarsError:
            kinds.append(kinds.pop(0))
    return None


def _read_by_row(
    member: Member,
    block: Block,
    header: Sequence[str],
    columns: dict[str, str],
    reading: Reading,
) -> Part:
    rows, numbers = [], []
    for number, row in _rows(member, block):
        if [cell.strip() for cell in row] == [*header]:
            reading.dropped[REPEATED_HEADER] += 1
            continue
        if len(row) != len(header):
            raise DataError(
                f"{member.name!r}, line {number:,} has {len(row)} cells, the header has "
                f"{len(header)}: fetch the file again, or take the line out"
            )
        rows.append(row)
        numbers.append(number)
    table = pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String()), orient="row")
    return Part(member.name, "line", numbers, columns, table.select(**columns))


def _rows(member: Member, block: Block) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, and the numbers of their lines."""
    before = block.first_line - 1
    lines = csv.reader(io.TextIOWrapper(io.BytesIO(block.text), "utf-8", newline=""), strict=True)
    try:
        yield from ((before + lines.line_num, row) for row in lines if any(row))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{member.name!r}, from line {before + lines.line_num:,} on, is not a CSV in UTF-8 "
            f"({error}): fetch the file again, or save it as one"
        ) from error
