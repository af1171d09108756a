"""The periods of a file: how long they are, and where its rows are divided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from arbitrage.replay.many_configs import open_data
from arbitrage.replay.periods.period_clock import Periods, periods_of

PRICES = "100,101,100,101"
START = 1_700_000_000 // 86_400 * 86_400  # midnight, UTC


def file_of(path: Path, stamps: Sequence[object]) -> Path:
    lines = ["timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b"]
    path.write_text("\n".join([*lines, *(f"{stamp},{PRICES}" for stamp in stamps), ""]))
    return path


def found(path: Path, stamps: Sequence[object]) -> Periods | None:
    return periods_of(open_data(file_of(path / "quotes.csv", stamps)))


@pytest.mark.parametrize(
    ("last", "seconds", "count"),
    [
        (28, None, None),
        (29, 1, 30),
        (98, 1, 99),
        (99, 1, 100),
        (100, 1, 101),
        (989, 1, 990),
        (990, 10, 100),  # the hundredth period has begun
        (99 * 60, 60, 100),
        (99 * 300 + 299, 300, 100),
        (99 * 900, 900, 100),
        (99 * 3_600, 3_600, 100),
        (99 * 14_400, 14_400, 100),
        (99 * 86_400 - 1, 14_400, 594),
        (99 * 86_400, 86_400, 100),
        (150 * 86_400, 86_400, 151),
    ],
)
def test_the_widest_period_that_leaves_a_hundred_else_thirty(
    tmp_path: Path, last: int, seconds: int | None, count: int | None
) -> None:
    step = 1 if last <= 5_940 else 300
    periods = found(tmp_path, [*range(START, START + last, step), START + last])
    if seconds is None:
        assert periods is None
    else:
        assert periods is not None
        assert (periods.seconds, len(periods)) == (seconds, count)


def test_below_a_hundred_of_the_shortest_the_widest_that_leaves_thirty(tmp_path: Path) -> None:
    """Of 99 seconds there are 10 periods of 10: the shortest is left."""
    periods = found(tmp_path, range(START, START + 99))
    assert periods is not None
    assert periods.seconds == 1


def test_periods_are_those_of_the_clock_and_empty_ones_do_not_count(tmp_path: Path) -> None:
    """Milliseconds, from the middle of a second; a row on an edge begins a period."""
    first = [1_000 * START + after for after in (700, 999, 1_000, 1_000, 1_999, 4_000)]
    later = [1_000 * (START + at) for at in range(40, 80)]
    periods = found(tmp_path, [*first, *later])
    assert periods is not None
    assert periods.seconds == 1
    assert periods.ends.tolist() == [2, 5, 6, *range(7, 47)]


@pytest.mark.parametrize("stray", [0, START - 400 * 86_400])
def test_a_gap_makes_no_long_file_of_a_short_one(tmp_path: Path, stray: int) -> None:
    """A first row of 1970 among those of 20 seconds, and a year without rows."""
    assert found(tmp_path, [stray, *range(START, START + 20)]) is None
    periods = found(tmp_path, [stray, *range(START, START + 6_000)])
    assert periods is not None
    assert (periods.seconds, len(periods)) == (60, 101)


@pytest.mark.parametrize("form", ["ISO", "offset", "any", "seconds", "us", "ns", "instants"])
def test_any_form_of_timestamps(tmp_path: Path, form: str) -> None:
    moments = [datetime.fromtimestamp(START, UTC) + timedelta(seconds=at / 2) for at in range(90)]
    since = [int(moment.timestamp() * 2) * 500 for moment in moments]
    written: dict[str, list[object]] = {
        "ISO": [moment.isoformat(timespec="milliseconds") for moment in moments],
        "offset": [f"{moment:%Y-%m-%dT%H:%M:%S.%f}+03:30" for moment in moments],
        "any": [
            f"{moment:%Y-%m-%dT%H:%M:%S}{('', '.5', '.000', '.50')[at % 4]}Z"
            for at, moment in enumerate(moments)
        ],
        "seconds": [at // 1_000 for at in since],
        "us": [at * 1_000 for at in since],
        "ns": [at * 10**6 for at in since],
    }
    if form == "instants":
        path = tmp_path / "quotes.parquet"
        prices = dict.fromkeys(("best_bid_a", "best_bid_b"), 100.0)
        prices |= dict.fromkeys(("best_ask_a", "best_ask_b"), 101.0)
        frame = pl.DataFrame({"timestamp": moments}).with_columns(
            **{name: pl.lit(price) for name, price in prices.items()}
        )
        frame.write_parquet(path)
        periods = periods_of(open_data(path))
    else:
        periods = found(tmp_path, written[form])
    assert periods is not None
    assert periods.seconds == 1
    assert periods.ends.tolist() == list(range(2, 91, 2))


def test_times_before_1970_and_beyond_64_bits(tmp_path: Path) -> None:
    days = [datetime(1600, 1, 2, tzinfo=UTC) + timedelta(days=day) for day in range(110)]
    stamps = [f"{day:%Y-%m-%d}" for day in days]
    periods = found(tmp_path, ["1600-01-01T00:00:00Z", "1600-01-01T23:59:59Z", *stamps])
    assert periods is not None
    assert (periods.seconds, len(periods)) == (86_400, 111)
    assert periods.ends.tolist() == [*range(2, 113)]


def test_a_range_has_periods_of_its_own(tmp_path: Path) -> None:
    whole = open_data(file_of(tmp_path / "quotes.csv", [START + at for at in range(50)]))
    periods = periods_of(whole.between(5, 45))
    assert periods is not None
    assert periods.ends.tolist() == list(range(6, 46))
    assert periods_of(whole.between(5, 5)) is None
