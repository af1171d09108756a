"""Which rows a fold trains on and is judged on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.errors import ConfigError
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.many_configs import open_data
from arbitrage.results.walk_forward.windows import Division
from tests.helpers.inputs.examples import examples
from tests.helpers.oracles.terms import Row
from tests.unit.results.walk_forward.walked import csv_file, stamp


def naive_window(data: OpenedFile, begin_ns: int, end_ns: int) -> list[int]:
    return [row for row in range(data.rows) if begin_ns < data.moment_ns(row) <= end_ns]


def rows_of(window: Any) -> list[int]:
    return list(range(window.first_row, window.stop_row))


@examples(20)
@given(st.lists(st.integers(0, 5), min_size=30, max_size=60), st.integers(1, 4))
def test_windows_follow_each_other_to_the_end_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[int], count: int
) -> None:
    """Rows with one stamp are in one window; each row is in one test window at most."""
    seconds = [sum(gaps[: place + 1]) for place in range(len(gaps))]
    span = seconds[-1] - seconds[0]
    if span < count * 3 + 4:
        return
    rows: list[Row] = [(stamp(at), 1.0, 2.0, 3.0, 4.0) for at in seconds]
    data = open_data(csv_file(tmp_path_factory.mktemp("gaps"), rows))
    folds = Division.of(count, "4s", "3s").folds_of(data)
    end = data.moment_ns(data.rows - 1)
    assert len(folds) == count
    for fold, left in zip(folds, range(count, 0, -1), strict=True):
        edge = end - left * 3 * 10**9
        assert rows_of(fold.test) == naive_window(data, edge, edge + 3 * 10**9)
        assert rows_of(fold.train) == naive_window(data, edge - 4 * 10**9, edge)
        assert fold.train.stop_row == fold.test.first_row
        assert (fold.train.hours, fold.test.hours) == (4 / 3_600, 3 / 3_600)
    tested = [row for fold in folds for row in rows_of(fold.test)]
    assert tested == list(range(folds[0].test.first_row, data.rows))


@pytest.fixture
def two_hours(tmp_path: Path) -> OpenedFile:
    """A row a minute, from the first to the last minute of two hours."""
    rows: list[Row] = [(stamp(60.0 * at), 1.0, 2.0, 3.0, 4.0) for at in range(120)]
    return open_data(csv_file(tmp_path, rows), name="quotes.csv")


def test_the_first_training_window_may_lack_a_hundredth(two_hours: OpenedFile) -> None:
    """119 minutes for 120; it counts as long as it is."""
    [fold, *_] = Division.of(2, "100m", "10m").folds_of(two_hours)
    assert fold.train.first_row == 0
    assert fold.train.hours == 99 / 60


def test_windows_that_do_not_fit_are_refused_with_the_span(two_hours: OpenedFile) -> None:
    with pytest.raises(ConfigError) as caught:
        Division.of(2, "98m", "12m").folds_of(two_hours)
    assert str(caught.value) == (
        "2 folds of 12m after 1h 38m of training take 2h 2m, but the data file 'quotes.csv' spans "
        "1h 59m, from 2026-01-01T00:00:00Z to 2026-01-01T01:59:00Z: take fewer folds or shorter "
        "windows"
    )
    with pytest.raises(ConfigError, match="folds is 0: take 1 to 1,000"):
        Division.of(0, "1h", "1h")
