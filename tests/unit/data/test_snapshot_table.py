"""The table of a data file: what loads, and what is in it."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable

import pytest
import zstandard

from arbitrage.arbitrage_core import OrderBookSnapshot
from arbitrage.data.files.data_limits import DataLimits
from tests.helpers.inputs.data_files import GOOD, HEADER, Load, csv_of, refusal


def test_a_table_is_a_sequence_of_snapshots(load: Load) -> None:
    table = load(csv_of(GOOD, "2024-01-01T00:00:01Z,5,6.5,7e1,8"))
    second = OrderBookSnapshot("2024-01-01T00:00:01Z", 5.0, 6.5, 70.0, 8.0)
    assert len(table) == 2
    assert table[1] == table[-1] == second
    assert list(table) == [table[0], second]
    assert table[1:] == [second]
    assert isinstance(table[1], OrderBookSnapshot)
    with pytest.raises(IndexError):
        table[2]


def test_the_hash_is_of_the_bytes_as_stored(load: Load) -> None:
    packed = gzip.compress(csv_of(GOOD).encode())
    assert load(packed).data_sha256 == hashlib.sha256(packed).hexdigest()


@pytest.mark.parametrize(
    "content",
    [
        csv_of(GOOD),
        csv_of(GOOD).rstrip("\n"),
        csv_of(GOOD, end="\r\n"),
        csv_of(GOOD, end="\r"),
        "\ufeff" + csv_of(GOOD),
        csv_of("", GOOD, "", ""),
        csv_of('"2024-01-01T00:00:00Z","1",2,3,4'),
        csv_of("2024-01-01T00:00:00Z, 1 ,2,3,4"),
        csv_of("2024-01-01T00:00:00Z,+1,2.,03,.4e1"),
        csv_of(
            "x,4,3,2024-01-01T00:00:00Z,1,2,y",
            header="more,best_ask_b,best_bid_b,timestamp,best_bid_a,best_ask_a,even more",
        ),
        csv_of(GOOD + ',"two\nlines"', header=HEADER + ",note"),
        csv_of(GOOD + ",", header=HEADER + ",note"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_forms_of_the_same_file_load_the_same(
    load: Load, content: str, pack: Callable[[bytes], bytes]
) -> None:
    expected = [OrderBookSnapshot("2024-01-01T00:00:00Z", 1.0, 2.0, 3.0, 4.0)]
    assert list(load(pack(content.encode()))) == expected


@pytest.mark.parametrize(
    "row", ["0,2,3,4", "-1,2,3,4", "2,1,3,4", "2,2,3,4", "0,0,0,0", "1e15,1e-15,3,4"]
)
def test_books_that_cannot_be_traded_on_are_loaded(load: Load, row: str) -> None:
    assert len(load(csv_of(f"2024-01-01T00:00:00Z,{row}"))) == 1


@pytest.mark.parametrize(
    "timestamps",
    [
        ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000000001Z"],
        ["2024-01-01 00:00:00", "2024-01-01 00:00:01.5", "2024-02-29 00:00:00"],
        ["2024-01-01T00:00:00+01:00", "2024-01-01T00:00:00Z", "2023-12-31T23:00:00-0100"],
        ["1700-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
        ["2024-01-01", "2024-01-01T00:00", "2024-01-02"],
        ["99999999998", "99999999999"],
        ["1704067200000", "1704067200001"],
        ["1704067200000000000", "1704067200000000000"],
        ["-5", "0", "+5"],
    ],
)
def test_timestamps_are_iso_8601_or_integers_and_keep_their_text(
    load: Load, timestamps: list[str]
) -> None:
    table = load(csv_of(*(f"{timestamp},1,2,3,4" for timestamp in timestamps)))
    assert [snapshot.timestamp for snapshot in table] == timestamps


def test_rows_and_bytes_are_bounded(load: Load) -> None:
    content = csv_of(*[GOOD] * 100)
    assert len(load(content, DataLimits(max_rows=100))) == 100
    assert "more than 99 rows" in refusal(load, content, DataLimits(max_rows=99))
    assert "larger than 1,000 bytes" in refusal(load, content, DataLimits(max_bytes=1000))
