"""Parquet files: what loads as a CSV would, what is refused, and how little is decoded for it."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from arbitrage.arbitrage_core import OrderBookSnapshot
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.rules.checked_rows import ROWS_AT_ONCE
from tests.helpers.inputs.data_files import HEADER, Load, refusal


def parquet(**changes: Any) -> bytes:
    columns: dict[str, Any] = {
        "timestamp": ["2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z"],
        "best_bid_a": [1.0, 1.5],
        "best_ask_a": [2.0, 2.5],
        "best_bid_b": [3.0, 3.5],
        "best_ask_b": [4.0, 4.5],
        **changes,
    }
    buffer = io.BytesIO()
    kept = {name: values for name, values in columns.items() if values is not None}
    pl.DataFrame(kept, strict=False).write_parquet(buffer)
    return buffer.getvalue()


def test_parquet_loads_like_csv(load: Load) -> None:
    assert list(load(parquet()))[1] == OrderBookSnapshot("2024-01-01T00:00:01Z", 1.5, 2.5, 3.5, 4.5)


@pytest.mark.parametrize(
    ("timestamps", "texts"),
    [
        ([1704067200, 1704067201], ["1704067200", "1704067201"]),
        (
            [datetime(2024, 1, 1), datetime(2024, 1, 1, 0, 0, 0, 250_000)],  # noqa: DTZ001
            ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.250Z"],
        ),
        (
            [datetime(2024, 1, 1, tzinfo=UTC).astimezone(timezone(timedelta(hours=2)))] * 2,
            ["2024-01-01T00:00:00Z"] * 2,
        ),
        ([date(2024, 1, 1), date(2024, 1, 2)], ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"]),
    ],
)
def test_parquet_timestamps_have_a_text(
    load: Load, timestamps: list[Any], texts: list[str]
) -> None:
    assert [snapshot.timestamp for snapshot in load(parquet(timestamp=timestamps))] == texts


@pytest.mark.parametrize("prices", [[1, 2], ["1", "2.0"], [Decimal("1.0"), Decimal(2)]])
def test_parquet_prices_may_be_integers_decimals_or_text(load: Load, prices: list[Any]) -> None:
    assert [row.best_bid_a for row in load(parquet(best_bid_a=prices))] == [1.0, 2.0]


LISTS = pl.Series([["a"], ["b"]])
DURATIONS = pl.Series([1, 2], dtype=pl.Duration("us"))
BEYOND_TIME = pl.Series([2**62, 2**62 + 1], dtype=pl.Int64).cast(pl.Datetime("ms"))
BEYOND_DATES = pl.Series([2**31 - 1] * 2, dtype=pl.Int32).cast(pl.Date)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"best_bid_a": [1.0, None]}, "Invalid row 2: best_bid_a"),
        ({"best_bid_a": [1.0, float("nan")]}, "Invalid row 2: best_bid_a"),
        ({"best_bid_a": [1.0, 2e15]}, "Invalid row 2: best_bid_a"),
        ({"best_bid_a": ["1", "x"]}, "Invalid row 2: best_bid_a is 'x'"),
        ({"best_bid_a": [True, False]}, "Invalid row 1: best_bid_a"),
        ({"best_bid_a": [[1.0], [2.0]]}, "Invalid row 1: best_bid_a"),
        ({"timestamp": ["2024-01-01T00:00:00Z", None]}, "Invalid row 2: timestamp"),
        ({"timestamp": [5, 4]}, "Invalid row 2: timestamp is '4': earlier"),
        ({"timestamp": LISTS}, "the column 'timestamp'"),
        ({"timestamp": DURATIONS}, "is of the type duration"),
        ({"timestamp": BEYOND_TIME}, "beyond any calendar"),
        ({"timestamp": BEYOND_DATES}, "beyond any calendar"),
        ({"best_ask_b": None}, "CSV must have columns: "),
        ({name: [] for name in HEADER.split(",")}, "No valid snapshots loaded from Parquet file"),
    ],
)
def test_bad_parquet_is_named_by_row_and_column(
    load: Load, changes: dict[str, Any], message: str
) -> None:
    assert message in refusal(load, parquet(**changes))


def test_damaged_parquet_is_refused(load: Load) -> None:
    whole = parquet()
    for content in (whole[:-20], whole[:30] + b"\0" * 40 + whole[70:], whole[:4] + b"\xff" * 200):
        assert "quotes.csv" in refusal(load, content)


def by_arrow(columns: dict[str, Any] | None = None, **options: Any) -> bytes:
    """The table of `parquet`, with these columns in it or beside it."""
    content = io.BytesIO()
    table = pq.read_table(io.BytesIO(parquet()))
    for name, values in (columns or {}).items():
        place = table.schema.get_field_index(name)
        table = (
            table.append_column(name, values)
            if place < 0
            else table.set_column(place, name, values)
        )
    pq.write_table(table, content, **options)
    return content.getvalue()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "+05:30", "-0100", "Asia/Kolkata", "Mars/Olympus"])
def test_instants_are_of_utc_whatever_zone_they_are_shown_in(
    load: Load, unit: str, zone: str | None
) -> None:
    instants = pa.array([1704067200, 1704067201]).cast(pa.timestamp("s")).cast(pa.timestamp(unit))
    content = by_arrow({"timestamp": instants.cast(pa.timestamp(unit, tz=zone))})
    expected = ["2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z"]
    assert [snapshot.timestamp for snapshot in load(content)] == expected


def test_the_years_go_from_1_to_9999(load: Load) -> None:
    first, last = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001
    table = load(parquet(timestamp=[first, last]))
    assert [row.timestamp for row in table] == ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]


def as_interval(content: bytes) -> bytes:
    """The column `note`, of 12 bytes a cell, declared to be an INTERVAL, which no writer offers."""
    length = int.from_bytes(content[-8:-4], "little")
    data, footer = content[: -8 - length], content[-8 - length : -8]
    converted_type = b"\x25\x2a"  # Thrift: two fields on, an integer, 21
    footer = footer.replace(b"\x18\x04note", b"\x18\x04note" + converted_type, 1)
    return data + footer + len(footer).to_bytes(4, "little") + content[-4:]


def test_columns_that_nobody_reads_may_be_of_any_type(load: Load) -> None:
    intervals = pa.array([bytes(12)] * 2, pa.binary(12))
    content = as_interval(by_arrow({"note": intervals}, store_schema=False))
    assert "interval" in str(pq.ParquetFile(io.BytesIO(content)).schema).lower()
    assert len(load(content)) == 2
    nested = pa.array([{"a": [1]}, None])
    assert len(load(by_arrow({"a": nested, "b": pa.array([None, None]), "c": nested}))) == 2


def test_text_and_decimals_are_numbers_to_the_last_bit(load: Load) -> None:
    texts = ["0.1000000000000000055", "123456789.12345678901"]
    for column in (pa.array(texts), pa.array([Decimal(text) for text in texts])):
        table = load(by_arrow({"best_bid_a": column}))
        assert [row.best_bid_a for row in table] == [float(text) for text in texts]


def test_text_may_be_of_any_kind_of_text(load: Load) -> None:
    texts = pa.array(["2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z"])
    for kind in (pa.large_string(), pa.binary(), pa.dictionary(pa.int8(), pa.string())):
        table = load(by_arrow({"timestamp": texts.cast(kind)}))
        assert [row.timestamp for row in table] == texts.to_pylist()


def test_float_seconds_are_told_how_to_be_whole(load: Load) -> None:
    text = refusal(load, parquet(timestamp=[1704067200.25, 1704067201.25]))
    assert text.startswith("Invalid row 1: timestamp is '")
    assert "an epoch must be whole" in text


def test_a_file_of_many_blocks_is_one_table(load: Load) -> None:
    rows = 2 * ROWS_AT_ONCE + 1
    columns = {name: pl.int_range(1, rows + 1, eager=True) for name in HEADER.split(",")}
    assert [row.best_ask_b for row in load(parquet(**columns))] == list(range(1, rows + 1))
    columns["timestamp"] = columns["timestamp"].set(columns["timestamp"] == ROWS_AT_ONCE + 1, 5)
    text = refusal(load, parquet(**columns))
    assert text.startswith(f"Invalid row {ROWS_AT_ONCE + 1}: timestamp is '5': earlier")


def test_too_many_rows_or_bytes_are_refused_before_any_is_decoded(load: Load) -> None:
    rows = 20_000
    columns = {name: [7] * rows for name in HEADER.split(",")}
    content = bytearray(parquet(**columns))
    assert len(load(bytes(content), DataLimits(max_rows=rows))) == rows
    content[4:200] = bytes(196)  # what decoding would trip over
    assert "not sound Parquet" in refusal(load, bytes(content), DataLimits(max_rows=rows))
    limits = DataLimits(max_rows=rows - 1)
    assert "has more than 19,999 rows" in refusal(load, bytes(content), limits)
    text = by_arrow({"note": pa.array(["x" * 50_000] * 2)}, compression="zstd")
    assert len(text) < 50_000
    assert "larger than 50,000 bytes" in refusal(load, text, DataLimits(max_bytes=50_000))


def test_a_page_that_is_not_what_was_written_is_refused(load: Load) -> None:
    options: dict[str, Any] = {
        "use_dictionary": False,
        "write_statistics": False,
        "compression": "none",
    }
    content = bytearray(by_arrow(**options, write_page_checksum=True))
    place = content.index(b"2024-01-01T00:00:01Z") + 3
    content[place] ^= 1
    assert "CRC" in refusal(load, bytes(content))


BOUNDED = """
import resource, sys
from arbitrage.data.snapshot_table import load_snapshots
load_snapshots(sys.argv[1])
pages = int(open("/proc/self/statm").read().split()[5])
resource.setrlimit(resource.RLIMIT_DATA, (pages * resource.getpagesize() + 2**25,) * 2)
try:
    load_snapshots(sys.argv[2])
except MemoryError as error:
    print(type(error).__name__)
"""


def test_a_page_that_memory_does_not_hold_is_a_memory_error(tmp_path: Path) -> None:
    sound, large = tmp_path / "sound.parquet", tmp_path / "large.parquet"
    sound.write_bytes(parquet())
    stamps = pa.array(["2024-01-01T00:00:00Z", "x" * (3 * 2**24)])
    large.write_bytes(by_arrow({"timestamp": stamps}, compression="zstd"))
    command = [sys.executable, "-c", BOUNDED, str(sound), str(large)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("MemoryError\n", "")
