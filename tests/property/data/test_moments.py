"""The times of a whole file in bulk are those of each of its timestamps."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.readers.parquet_rows import read_parquet
from arbitrage.data.rules import moment_columns
from arbitrage.data.rules.moment_columns import check_reach, moments_of
from arbitrage.data.rules.moments import moment_ns
from arbitrage.data.snapshot_table import SnapshotTable
from arbitrage.errors import DataError
from tests.helpers.inputs.data_files import HEADER, Load, csv_of
from tests.helpers.inputs.examples import examples

FIRST = "1677-09-21T00:12:43.145224192Z"  # -2^63 nanoseconds from 1970
LAST = "2262-04-11T23:47:16.854775807Z"  # 2^63 - 1

zones = st.sampled_from(["", "Z", "z", "+02:00", "-0530", "+14", "-23:59", "+00:00"])
fractions = st.sampled_from(["", ".5", ".250", ",250", ".1234567", ".000001", ".123456789"])
clocks = st.sampled_from(["T19:30:30", " 00:00:00", "t23:59:59", "T00:00"])
days = st.dates(datetime(1678, 1, 2, tzinfo=UTC).date(), datetime(2262, 4, 9, tzinfo=UTC).date())


@st.composite
def isos(draw: st.DrawFn) -> str:
    day = draw(days)
    if draw(st.integers(0, 9)) == 0:
        return f"{day}"
    clock = draw(clocks)
    fraction = draw(fractions) if clock.count(":") == 2 else ""
    return f"{day}{clock}{fraction}{draw(zones)}"


epochs = st.one_of(
    st.integers(-(9 * 10**9), 9 * 10**9),
    st.integers(10**11, 9 * 10**12),
    st.integers(10**14, 9 * 10**15),
    st.integers(10**17, 9 * 10**18),
)


def in_order(timestamps: list[str]) -> pl.Series:
    """Sorted, and not further apart than 64 bits hold."""
    found = sorted(timestamps, key=moment_ns)
    return pl.Series([text for text in found if moment_ns(text) - moment_ns(found[0]) < 2**63])


def agree(timestamps: pl.Series) -> None:
    expected = [moment_ns(text) for text in timestamps]
    for rows in (1, 2, 7, 1_000):
        with patch.object(moment_columns, "_ROWS_AT_ONCE", rows):
            assert moments_of(timestamps).tolist() == expected


@examples(30)
@given(st.lists(isos(), min_size=1, max_size=12))
def test_of_timestamps_of_many_forms(timestamps: list[str]) -> None:
    agree(in_order(timestamps))


@examples(25)
@given(
    st.lists(st.integers(-(10**18), 7 * 10**18), min_size=1, max_size=20),
    st.sampled_from(["%.f", "%.3f", "%.6f", "%.9f", ""]),
    st.sampled_from(["T", " "]),
    zones,
)
def test_of_timestamps_of_one_form(moments: list[int], fraction: str, mark: str, zone: str) -> None:
    """Those of instants too, whose fractions end where their zeros begin."""
    texts = pl.Series(sorted(moments)).cast(pl.Datetime("ns"))
    agree(in_order((texts.dt.to_string(f"%Y-%m-%d{mark}%H:%M:%S{fraction}") + zone).to_list()))


@examples(25)
@given(epochs, st.lists(st.integers(0, 10**9), max_size=6), st.sampled_from(["", "+", "0"]))
def test_of_epochs_of_any_unit(first: int, steps: list[int], sign: str) -> None:
    texts = [str(first)]
    for step in sorted(steps):
        text = str(first + step)
        if moment_ns(text) - moment_ns(texts[0]) >= 2**63 or len(text) != len(texts[0]):
            break
        texts.append(text)
    agree(pl.Series([text if text.startswith("-") else sign + text for text in texts]))


@examples(25)
@given(
    st.lists(st.integers(-(2**52), 2**52), min_size=1, max_size=8),
    st.sampled_from(["ms", "us", "ns"]),
)
def test_of_instants_in_parquet(instants: list[int], unit: str) -> None:
    """They are what is stored."""
    within = {"ms": 10**6, "us": 10**3, "ns": 1}
    stored = [instant // (within[unit] if unit == "ms" else 1) for instant in sorted(instants)]
    moments = pl.Series(stored).cast(pl.Datetime(unit))  # type: ignore[arg-type]
    frame = pl.DataFrame({"timestamp": moments, **dict.fromkeys(HEADER.split(",")[1:], 1.0)})
    content = io.BytesIO()
    frame.write_parquet(content)
    assert table_of(content.getvalue()).moments_ns().tolist() == [
        instant * within[unit] for instant in stored
    ]


def table_of(content: bytes) -> SnapshotTable:
    blocks = read_parquet(io.BytesIO(content), "x", DataLimits())
    return SnapshotTable(pl.concat([block.frame() for block in blocks]), "")


def test_a_file_of_one_form_is_read_by_it(load: Load) -> None:
    """Or ten million rows would take ten times as long."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    stamps = [(start + timedelta(milliseconds=5 * row)).isoformat() for row in range(1, 400)]
    table = load(csv_of(*(f"{stamp},1,2,3,4" for stamp in stamps)))
    with patch.object(moment_columns, "moments_of_any_form", side_effect=AssertionError):
        assert table.moments_ns().tolist() == [row.moment_ns for row in table]


@pytest.mark.parametrize("timestamps", [[FIRST], [LAST], [str(2**63 - 1)], ["-9223372036"]])
def test_of_the_first_and_the_last_that_64_bits_hold(timestamps: list[str]) -> None:
    agree(pl.Series(timestamps))


@pytest.mark.parametrize(
    ("timestamps", "named"),
    [
        (["1677-09-21T00:12:43.145224191Z", "2024-01-01"], "1677-09-21T00:12:43.145224191Z"),
        (["2024-01-01", "2262-04-11T23:47:16.854775808Z"], "2262-04-11T23:47:16.854775808Z"),
        (["0001-01-01T00:00:00Z"], "0001-01-01T00:00:00Z"),
        (["1704067200", "99999999999"], "99999999999"),
    ],
)
def test_beyond_them_a_file_loads_and_has_no_times(
    load: Load, timestamps: list[str], named: str
) -> None:
    table = load(csv_of(*(f"{text},1,2,3,4" for text in timestamps)))
    assert [row.timestamp for row in table] == timestamps
    with pytest.raises(DataError) as caught:
        table.moments_ns()
    assert str(caught.value) == (
        f"the timestamp {named!r} is too far from 1970 for a config with a latency or a holding "
        "time, which take times from 1677-09-22 to 2262-04-11"
    )


def test_times_further_apart_than_64_bits_hold_are_refused() -> None:
    """The time between two rows is a number of nanoseconds too."""
    check_reach("1700-01-01", "1992-04-10")
    with pytest.raises(DataError, match=r"'1700-01-01' and '1992-04-12' are too far apart .* 292"):
        check_reach("1700-01-01", "1992-04-12")
