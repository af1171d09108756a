"""Rows that are refused: by their line, their column and their value, and in which words."""

from __future__ import annotations

import pytest

from arbitrage.data.readers import csv_rows
from arbitrage.data.rules.checked_rows import ROWS_AT_ONCE
from arbitrage.errors import DataError
from tests.helpers.inputs.data_files import GOOD, HEADER, Load, csv_of, refusal


@pytest.mark.parametrize(
    ("last", "complaint"),
    [
        (GOOD, ""),
        ("2023-12-31T00:00:00Z,1,2,3,4", "earlier than the row before"),
        ("2024-02-30T00:00:00Z,1,2,3,4", "timestamp is"),
        ("2024-01-01T00:00:00Z,1,2,inf,4", "best_bid_b is"),
    ],
)
def test_a_column_so_long_that_threads_look_at_it(load: Load, last: str, complaint: str) -> None:
    content = csv_of(*[GOOD] * ROWS_AT_ONCE, last)
    if not complaint:
        assert len(load(content)) == ROWS_AT_ONCE + 1
        return
    with pytest.raises(DataError, match=f"Invalid row {ROWS_AT_ONCE + 2}: .*{complaint}"):
        load(content)


@pytest.mark.parametrize("column", range(1, 5))
@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ('""', "empty"),
        ("abc", "finite number"),
        ("nan", "where a venue has no quote, write 0 or leave the row out"),
        ("NULL", "where a venue has no quote, write 0 or leave the row out"),
        ("inf", "finite number"),
        ("-Infinity", "finite number"),
        ("1e400", "finite number"),
        ("1_000", "finite number"),
        ("0x10", "finite number"),
        ("1,5", "cells"),
        ("\uff11", "finite number"),
        ("1 2", "finite number"),
        ("1.0000001e15", "above 1e15"),
        ("9e-16", "below 1e-15"),
    ],
)
def test_a_bad_price_is_named_with_its_line_column_and_value(
    load: Load, column: int, cell: str, reason: str
) -> None:
    cells = GOOD.split(",")
    cells[column] = cell
    text = refusal(load, csv_of(GOOD, ",".join(cells), GOOD))
    assert text.startswith("Invalid row 3: ")
    assert reason in text
    if reason != "cells":
        assert HEADER.split(",")[column] in text
        assert repr(cell.strip('"')) in text


@pytest.mark.parametrize(
    ("timestamp", "reason"),
    [
        ("", "empty"),
        ("yesterday", "ISO 8601"),
        ("2024-13-01T00:00:00Z", "exists"),
        ("2023-02-29T00:00:00Z", "exists"),
        ("2024-01-01T24:00:00Z", "write 00:00 of the day after"),
        ("2024-01-01T23:59:60Z", "write second 59, or the minute after"),
        ("2024-01-01T00:00:00+05:99", "offset +05:99 is beyond 23 hours or 59 minutes"),
        ("2024-01-01T00:00:00-24", "offset -24 is beyond"),
        ("20240101T000000Z", "not an ISO 8601 timestamp in its extended form, such as 2024-01-31T"),
        ("01/31/2024 00:00", "not an ISO 8601 timestamp, such as 2024-01-31T"),
        ("1704067200.25", "an epoch must be whole"),
        ("2024-1-1T00:00:00Z", "ISO 8601"),
        ("2024-01-01T00:00:00.1234567891Z", "ISO 8601"),
        ("20240101", "ISO 8601"),
        ("1704067200", "ISO 8601"),
        ("2023-12-31T23:59:59.999999999Z", "earlier"),
        ("2024-01-01T00:59:59+01:00", "earlier"),
    ],
)
def test_a_bad_or_earlier_timestamp_is_named(load: Load, timestamp: str, reason: str) -> None:
    text = refusal(load, csv_of(GOOD, f"{timestamp},1,2,3,4"))
    assert text.startswith(f"Invalid row 3: timestamp is {timestamp!r}: ")
    assert reason in text


@pytest.mark.parametrize("timestamps", [["1704067200.25"], ["1704067200", "1704067200.25"]])
def test_an_epoch_with_parts_is_told_how_to_be_whole(load: Load, timestamps: list[str]) -> None:
    text = refusal(load, csv_of(*(f"{timestamp},1,2,3,4" for timestamp in timestamps)))
    assert text.startswith(f"Invalid row {len(timestamps) + 1}: timestamp is '1704067200.25': ")
    assert text.endswith(
        "an epoch must be whole; write it in ms, us or ns where seconds have parts"
    )


SMALL_BLOCK = 64
UNITS = {"seconds": 10**9, "milliseconds": 10**12, "microseconds": 10**15, "nanoseconds": 10**18}


@pytest.mark.parametrize("first", UNITS)
@pytest.mark.parametrize("other", UNITS)
@pytest.mark.parametrize("rows", [1, SMALL_BLOCK])
def test_the_unit_of_epochs_is_that_of_the_first_row(
    load: Load, first: str, other: str, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_rows, "ROWS_AT_ONCE", SMALL_BLOCK)
    epochs = [1.7 * UNITS[first]] * rows + [1.7 * UNITS[other]]
    content = csv_of(*(f"{int(epoch)},1,2,3,4" for epoch in epochs))
    if first == other:
        assert len(load(content)) == rows + 1
        return
    text = refusal(load, content)
    assert text.startswith(f"Invalid row {rows + 2}: timestamp is '17")
    assert f"an epoch in {other}, by its size, but the first row's is in {first}; write " in text


@pytest.mark.parametrize("timestamp", ["1704067199", "2024-01-01T00:00:00Z", "1.5e9", "9" * 30])
def test_among_epochs_every_timestamp_must_be_a_later_epoch(load: Load, timestamp: str) -> None:
    text = refusal(load, csv_of("1704067200,1,2,3,4", f"{timestamp},1,2,3,4"))
    assert text.startswith(f"Invalid row 3: timestamp is {timestamp!r}: ")


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        (["1,2,3", GOOD], 2),
        ([GOOD, "2024-01-01T00:00:00Z,1,2,3"], 3),
        ([GOOD, GOOD + ",5"], 3),
        ([GOOD, GOOD + ","], 3),
        ([GOOD, "2024-01-01T00:00:00Z,1,2,3", GOOD + ","], 3),
        (["", GOOD, "", "x,1,2,3,4"], 5),
        ([GOOD, "  ", GOOD], 3),
        (['"2024-01-01T00:00:00Z","1\n",2,3,4', "x,1,2,3,4"], 4),
        ([GOOD, '2024-01-01T00:00:00Z,"1\n\n",2,3,5,6'], 3),
        ([GOOD, '"2024-01-01T00:00:00Z,1,2,3,4'], 3),
        ([GOOD, '2024-01-01T00:00:00Z,"1"5,2,3,4'], 3),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_row_of_the_wrong_shape_is_named_by_its_line(
    load: Load, rows: list[str], number: int, end: str
) -> None:
    content = csv_of(*(row.replace("\n", end) for row in rows), end=end)
    assert refusal(load, content).startswith(f"Invalid row {number}: ")


@pytest.mark.parametrize("note", ["a,b", "a"])
def test_a_row_short_or_long_in_a_column_that_nobody_reads_is_invalid(
    load: Load, note: str
) -> None:
    header = HEADER + ",note,more"
    assert len(load(csv_of(GOOD + ",,", GOOD + ",a,b", header=header))) == 2
    text = refusal(
        load, csv_of(GOOD + ",a,b", f"{GOOD},{note}{',x' * (note != 'a')}", header=header)
    )
    assert text.startswith("Invalid row 3: ")


def test_the_first_bad_row_is_the_one_named(load: Load) -> None:
    text = refusal(load, csv_of(GOOD, "2024-01-01T00:00:01Z,1,2,3,x", "earlier,1,2,3"))
    assert text.startswith("Invalid row 3: best_ask_b")
