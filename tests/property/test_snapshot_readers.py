"""The fast reader of CSV never accepts what the deciding one refuses, nor reads it differently."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbitrage import csv_rows
from arbitrage.errors import DataError

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
            "2024-01-01T00:00:0\u0661Z",
            "2024-01-01T00:00:01Z",
            "2024-01-01T00:00:1Z",
            "2024-01-01t00:00:00Z",
            "\u0661",
        ]
    ),
)
rows = st.tuples(timestamps, numbers, numbers, numbers, numbers).map(",".join)


def fast(text: bytes) -> list[tuple[object, ...]] | None:
    frame = csv_rows._read_fast(text)
    return None if frame is None else frame.rows()


def deciding(text: bytes) -> list[tuple[object, ...]] | None:
    try:
        return csv_rows._read_by_row(text, "x", 10**9).rows()
    except DataError:
        return None


def agree(text: bytes) -> None:
    accepted = fast(text)
    if accepted is not None:
        assert accepted == deciding(text)


@settings(max_examples=400, deadline=None)
@given(st.lists(rows, max_size=4), st.sampled_from(["\n", "\r\n", "\n\n", "\r"]))
def test_on_rows_of_odd_cells(lines: list[str], end: str) -> None:
    agree(HEADER + end.join(lines).encode())


@settings(max_examples=600, deadline=None)
@given(st.lists(rows, min_size=1, max_size=3), st.data())
def test_on_files_with_characters_put_in_taken_out_or_changed(
    lines: list[str], data: st.DataObject
) -> None:
    text = HEADER.decode() + "\n".join(["2024-01-01T00:00:00Z,1,2,3,4", *lines]) + "\n"
    place = data.draw(st.integers(0, len(text)))
    inserted = data.draw(st.text(ALPHABET, max_size=2))
    removed = data.draw(st.integers(0, 2))
    agree((text[:place] + inserted + text[place + removed :]).encode())


@settings(max_examples=300, deadline=None)
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


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(["Z", ".250", "+02:00"]),
    st.integers(0, 150),
    st.integers(0, 150),
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


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text("ab\"' ,", max_size=3), min_size=1, max_size=4))
def test_on_notes_that_nobody_reads(notes: list[str]) -> None:
    header = HEADER.decode().replace("\n", ",note\n")
    agree((header + "".join(f"0,1,2,3,4,{note}\n" for note in notes)).encode())


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
    ):
        text = HEADER + f"{stamp},1,2,3,4.5\n".encode() * 3
        assert fast(text) == [(stamp, 1.0, 2.0, 3.0, 4.5)] * 3
