"""The fast readers of CSV accept nothing that the deciding one refuses, nor read it differently.

The deciding one looks at each cell of the rows that the csv module finds. Of the fast ones, one
lets polars read, block by block, the other checks what the csv module finds by the block.
"""

from __future__ import annotations

import random
import struct
from contextlib import suppress
from typing import Any
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.data.columns import AGES, OPTIONAL_COLUMNS
from arbitrage.data.readers import csv_rows, line_blocks
from arbitrage.data.rules.checked_rows import CheckedRows
from arbitrage.errors import DataError
from tests.helpers.inputs.examples import examples

HEADER = b"timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b\n"
ALPHABET = "0123456789.+-eE ,\n\r\"'_xnaifT:Z\t\0é\ufeff"

numbers = st.one_of(
    st.floats(min_value=-10, max_value=1e15, allow_nan=False).map(repr),
    st.decimals(min_value=-1, max_value=10**6, places=20).map(str),
    st.text("0123456789.eE+-", min_size=1, max_size=6),
    st.sampled_from(["", " ", "nan", "inf", "-inf", "1e400", "1_0", " 1", "1 ", "+1", "0x1", "1."]),
)
timestamps = st.one_of(
    st.datetimes().map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"),
    st.integers(-10, 10**19).map(str),
    st.sampled_from(
        [
            "2024-01-01T00:00:00Z",
            "2024-01-01T00:00:00.123456789Z",
            "2024-02-30T00:00:00Z",
            "2024-01-01 00:00:00",
            "2024-01-01T00:00:60Z",
            "2024-01-01T24:00:00Z",
            "2024-1-01T00:00:00Z",
            "2024-01-01T00:00:00+02:00",
            "2024-01-01T00:00:00.5+02:00",
            "2024-01-01T02:00:00,25-0530",
            "2024-01-01T00:00:00+05:99",
            "2024-01-01T00:00:00+24",
            "2024-01-01T00:00",
            "2024-01-01",
            "1690-01-01T00:00:00",
            "9999-12-31 23:59:59Z",
            "1704067200.5",
            "2024-01-01T00:00:0\u0661Z",
            "2024-01-01T00:00:01Z",
            "2024-01-01T00:00:1Z",
            "2024-01-01t00:00:00Z",
            "\u0661",
        ]
    ),
)
rows = st.tuples(timestamps, numbers, numbers, numbers, numbers).map(",".join)


def rows_of(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    """With None for an age that is not known, which is like itself, as NaN is not."""
    return frame.fill_nan(None).rows()


def read(*pieces: bytes) -> list[tuple[object, ...]]:
    blocks = list(csv_rows.read_csv(pieces, "x", 10**9))
    assert all(block.numbers.height for block in blocks)
    return rows_of(pl.concat([block.frame() for block in blocks]))


class NotByThisRoadError(Exception):
    pass


def fast(text: bytes) -> list[tuple[object, ...]] | None:
    """The rows, or None where the csv module has to look, or where there are none."""
    with (
        patch.object(csv_rows, "_NumberedRows", side_effect=NotByThisRoadError),
        suppress(NotByThisRoadError, DataError),
    ):
        return read(text)
    return None


def by_block(text: bytes) -> Any:
    """The rows or the refusal, of about three blocks."""
    with patch.object(csv_rows, "ROWS_AT_ONCE", 1 + text.count(b"\n") // 3):
        return deciding(text)


def by_cell(text: bytes) -> Any:
    """The rows or the refusal, each cell looked at."""
    with patch.object(CheckedRows, "at_once", return_value=None):
        return deciding(text)


def deciding(text: bytes) -> Any:
    with patch.object(csv_rows, "_read_columns", return_value=None):
        return rows_or_refusal(text)


def rows_or_refusal(*pieces: bytes) -> Any:
    try:
        return read(*pieces)
    except DataError as error:
        return str(error)


def in_pieces(text: bytes, size: int) -> Any:
    """The rows or the refusal, of blocks of few lines, the text coming in pieces of this size."""
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    with patch.object(line_blocks, "BLOCK_BYTES", 3 * size):
        return rows_or_refusal(*pieces)


def agree(text: bytes) -> None:
    expected = by_cell(text)
    assert by_block(text) == expected
    accepted = fast(text)
    if accepted is not None:
        assert accepted == expected
    found = in_pieces(text, piece_of(text))
    if b"\0" in text or "UTF-8" in expected:  # said of the block, which has other faults too
        assert isinstance(found, str)
    else:
        assert found == expected


def piece_of(text: bytes) -> int:
    """The size of its pieces: of the one kind or of the other, as its length is odd or even."""
    small, large = (7, 31) if len(text) < 400 else (len(text) // 7, len(text) // 3)
    return small if len(text) % 2 else large


@examples(25)
@given(st.lists(rows, max_size=4), st.sampled_from(["\n", "\r\n", "\n\n", "\r"]))
def test_on_rows_of_odd_cells(lines: list[str], end: str) -> None:
    agree(HEADER + end.join(lines).encode())


@examples(30)
@given(st.lists(rows, min_size=1, max_size=3), st.data())
def test_on_files_with_characters_put_in_taken_out_or_changed(
    lines: list[str], data: st.DataObject
) -> None:
    text = HEADER.decode() + "\n".join(["2024-01-01T00:00:00Z,1,2,3,4", *lines]) + "\n"
    place = data.draw(st.integers(0, len(text)))
    inserted = data.draw(st.text(ALPHABET, max_size=2))
    removed = data.draw(st.integers(0, 2))
    agree((text[:place] + inserted + text[place + removed :]).encode())


optional_columns = st.lists(st.sampled_from([*OPTIONAL_COLUMNS, "note"]), min_size=1, unique=True)


@examples(25)
@given(optional_columns, st.sampled_from(["\n", "\r\n"]), st.data())
def test_on_rows_with_sizes_and_ages(names: list[str], end: str, data: st.DataObject) -> None:
    """In any place; now and then a row is odd in one cell, too short or too long."""
    place = data.draw(st.sampled_from([0, 1, 3, 5, 5, 5]))
    header = HEADER.decode().rstrip("\n").split(",")
    header[place:place] = names
    lines = [",".join(header)]
    for _ in range(data.draw(st.integers(1, 4))):
        cells = [data.draw(st.sampled_from(["0", "1.5", "" if n in AGES else "7"])) for n in names]
        row = [*"01234"[:place], *cells, *"01234"[place:]]
        oddity = data.draw(st.sampled_from([None, None, "cell", "short", "long"]))
        if oddity == "cell":
            row[data.draw(st.integers(0, len(row) - 1))] = data.draw(numbers)
        elif oddity == "short":
            row.pop()
        elif oddity == "long":
            row.append("")
        lines.append(",".join(row))
    last = data.draw(st.sampled_from(["", end, f"{end}{end}"]))
    agree((end.join(lines) + last).encode())


@examples(20)
@given(
    st.sampled_from(["2024-01-01T19:30:30", "2024-02-28 23:59:59.999"]),
    st.sampled_from(["", "Z", "+02:00", "-0530"]),
    st.lists(st.tuples(st.integers(0, 28), st.sampled_from("0123456789")), max_size=3),
)
def test_on_timestamps_of_one_form(first: str, zone: str, changes: list[tuple[int, str]]) -> None:
    stamps = [first + zone]
    for place, digit in changes:
        last = stamps[-1]
        changed = last[:place] + digit + last[place + 1 :]
        if last[place : place + 1].isdigit() and changed >= last:
            stamps.append(changed)
    agree(HEADER + "".join(f"{stamp},1,2,3,4\n" for stamp in stamps).encode())


@examples(30)
@given(
    st.sampled_from(["Z", ".250", "+02:00"]),
    st.integers(0, 80),
    st.integers(0, 80),
    st.integers(0, 25),
    st.sampled_from([*"0123456789", "/", ":", "A", "~", "", "00", "\u0661"]),
)
def test_on_a_long_column_with_one_odd_cell(
    end: str, before: int, after: int, place: int, put: str
) -> None:
    earlier, here, later = (
        f"2024-01-0{time}{end}" for time in ("1T19:30:30", "1T20:00:00", "1T23:59:59")
    )
    odd = here[:place] + put + here[place + 1 :]
    stamps = [*[earlier] * before, odd, *[later] * after]
    agree(HEADER + "".join(f"{stamp},1,2,3,4\n" for stamp in stamps).encode())


notes_of_a_file = st.lists(st.text("ab\"' ,\0é", max_size=3), min_size=1, max_size=4)
ends = st.sampled_from(["\n", "\r\n"])
last_ends = st.sampled_from(["", "\n", "\n\n", "\r\n\r\n", '\n""', '\n""\n', "\n,,,,,"])


@examples(25)
@given(notes_of_a_file, st.sampled_from(["note", "note,more"]), ends, last_ends)
def test_on_notes_that_nobody_reads(notes: list[str], names: str, end: str, last: str) -> None:
    rows = [f"0,1,2,3,4,{note}" for note in notes]
    header = HEADER.decode().rstrip("\n") + f",{names}"
    agree((end.join([header, *rows]) + last).encode())


@examples(20)
@given(st.binary(max_size=3), st.integers(0, 1))
def test_on_bytes_of_columns_that_nobody_reads(note: bytes, place: int) -> None:
    cells = [b"", b"x"]
    cells[place] = note
    agree(HEADER.rstrip() + b",a,b\n0,1,2,3,4," + b",".join(cells) + b"\n")


@examples(20)
@given(
    st.lists(
        st.lists(
            st.sampled_from(
                [
                    "1",
                    '"1"',
                    '""',
                    '"',
                    '1"',
                    '"1"1',
                    ' "1"',
                    '"1,1"',
                    '"1\n"',
                    '"1\r\n"',
                    "",
                    '"""1"',
                ]
            ),
            min_size=4,
            max_size=6,
        ),
        min_size=1,
        max_size=3,
    ),
    ends,
    last_ends,
)
def test_on_quotes_of_all_kinds(lines: list[list[str]], end: str, last: str) -> None:
    rows = [",".join(['"0"', *cells]) for cells in lines]
    agree((end.join([HEADER.decode().rstrip("\n"), *rows]) + last).encode())
    header = ",".join(f'"{name}"' for name in HEADER.decode().rstrip("\n").split(","))
    agree((end.join([header, *rows]) + last).encode())


units = st.sampled_from([10**9, 10**11, 10**12, 10**14, 10**15, 10**17, 10**18])


@examples(15)
@given(st.lists(st.tuples(units, st.integers(-2, 2)).map(sum), min_size=1, max_size=5))
def test_on_epochs_of_several_units(epochs: list[int]) -> None:
    agree(HEADER + "".join(f"{epoch},1,2,3,4\n" for epoch in sorted(epochs)).encode())
    agree(HEADER + "".join(f"{epoch},1,2,3,4\n" for epoch in epochs).encode())


@pytest.mark.parametrize(
    "row",
    ["1,99.9,100,100.1,100.2,", "1,99.9\r,100,100.1,100.2\n", "1\r,99.9,100,100.1,100.2\n"],
)
@pytest.mark.parametrize("rows_before", [0, 63])
def test_on_marks_that_polars_takes_for_nothing(row: str, rows_before: int) -> None:
    assert fast(HEADER + b"1,99.9,100,100.1,100.2\n" * rows_before + row.encode()) is None


def test_prices_are_rounded_as_python_rounds_them() -> None:
    draw = random.Random(5)
    texts: list[str] = []
    while len(texts) < 20_000:
        value = struct.unpack("d", struct.pack("Q", draw.getrandbits(64)))[0]
        if 1e-15 <= abs(value) <= 1e15:
            texts += [repr(value), f"{value:.17g}", f"{value:.25f}"]
    lines = "".join(f"0,{text},1,1,1\n" for text in texts)
    accepted = fast(HEADER + lines.encode())
    assert accepted is not None
    assert [row[1] for row in accepted] == [float(text) for text in texts]


def test_plain_files_take_the_fast_road() -> None:
    for stamp in (
        "2024-01-01T00:00:00Z",
        "2024-01-01 00:00:00.25",
        "2024-01-01T00:00:00+02:00",
        "1704067200",
        "1704067200000000000",
    ):
        text = HEADER + f"{stamp},1,2,3,4.5\n".encode() * 3
        assert fast(text) == [(stamp, 1.0, 2.0, 3.0, 4.5)] * 3


ROW = b"2024-01-01T00:00:00Z,1,2,3,4.5"
HEAD = HEADER.rstrip()


@pytest.mark.parametrize(
    "text",
    [
        HEADER + (ROW + b"\n") * 3 + b"\n",
        b"\r\n".join([HEAD, *[ROW] * 3, b"", b""]),
        HEAD.replace(b"timestamp", b'"timestamp"') + b"\n" + (ROW + b"\n") * 3,
        b"\n".join(b'"' + line.replace(b",", b'","') + b'"' for line in [HEAD, *[ROW] * 3]),
        HEAD + b",note\n" + (ROW + b',"a note"\n') * 3,
        HEAD + b",note\n" + (ROW + b",x\n") * 2 + ROW + b",",
        HEAD + b",note,more\n" + (ROW + b",,\n") * 3,
    ],
)
def test_files_that_are_odd_in_a_plain_way_take_it_too(text: bytes) -> None:
    assert fast(text) == [("2024-01-01T00:00:00Z", 1.0, 2.0, 3.0, 4.5)] * 3


@pytest.mark.parametrize(
    "stamps",
    [
        ["2024-01-01T00:00:00+00:00", "2024-01-01T00:00:00.25+00:00"],
        ["2024-03-31T01:59:59.5+01:00", "2024-03-31T03:00:00+02:00"],
        ["2024-01-01T00:00:00.25-0530", "2024-01-01T00:00:00.3-0530"],
        ["2024-01-01", "2024-01-01T00:00", "2024-01-01t00:00:00.5z"],
    ],
)
def test_so_do_timestamps_of_several_forms(stamps: list[str]) -> None:
    text = HEADER + "".join(f"{stamp},1,2,3,4\n" for stamp in stamps).encode()
    assert [row[0] for row in fast(text) or []] == stamps


def test_rows_that_polars_may_not_read_are_still_checked_by_the_block() -> None:
    """Or a file with one odd line would take ten times as long as one without."""
    text = HEAD + b",note\n\n" + (ROW.replace(b",1,", b", 1 ,") + b',"a, b"\n') * 3
    with patch.object(CheckedRows, "_one_by_one", side_effect=AssertionError):
        assert len(deciding(text)) == 3
