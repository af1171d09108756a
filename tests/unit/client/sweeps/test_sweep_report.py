"""What people read of a sweep: the ranking, and what ties in it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.store import ranking as sweep_ranking
from arbitrage.results.store.ranking import (
    CONFIGS,
    Rejection,
    ranked_groups,
    rejected_together,
    rejections,
)
from arbitrage.results.store.rows import sweep_rows
from arbitrage.shell.console import run_command
from tests.helpers.inputs.sweeps import spec
from tests.unit.client.sweeps.ranked import GRID, report, rows_of
from worker.client.sweeps import run as sweep_run
from worker.client.sweeps.collector import Progress
from worker.client.sweeps.copying import copied_lines
from worker.client.sweeps.in_queue import chunks_note
from worker.client.sweeps.progress import progress_lines
from worker.commands import sweep as sweep_command


def groups(rows: pl.DataFrame, count: int = 10, **fields: Any) -> list[tuple[int, int]]:
    found = ranked_groups(rows.lazy(), SweepSpec(**spec(GRID, **fields)), count)
    return [(group["config_number"], group[CONFIGS]) for group in found]


@pytest.mark.parametrize("ahead", [1, 2, 3, 1_000])
def test_rows_with_the_same_figures_are_one_group(
    ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_ranking, "_AHEAD", ahead)
    rows = rows_of([3, 5, 5, 1, 5, 3, 0.0, -0.0])
    assert groups(rows) == [(1, 3), (0, 2), (3, 1), (6, 2)]
    assert groups(rows, 2) == [(1, 3), (0, 2)]
    assert groups(rows, filters={"min_trades": 2}) == [(1, 3), (0, 2)]
    assert groups(rows.head(0)) == []


def test_rows_that_differ_in_one_figure_are_not_a_group() -> None:
    assert groups(rows_of([5, 5, 5], win_rate=np.array([1.0, 0.5, 1.0]))) == [(0, 2), (1, 1)]
    stopped = np.array([-1, -1, 4])  # null, null, 4: nulls are alike too
    assert groups(rows_of([5, 5, 5], stopped_row=stopped)) == [(0, 2), (2, 1)]


def test_a_line_says_how_many_configs_share_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = report(tmp_path, rows_of([5, 5, 7]), capsys).splitlines()
    assert any(line.split()[-1:] == ["configs"] for line in shown[2:5])
    lines = [line.split() for line in shown if line.split()[:1] and line.split()[0].isdigit()]
    assert [(line[0], line[-1]) for line in lines] == [("2", "1"), ("0", "2")]
    assert "Configs whose figures are all the same share a line; it shows the first." in shown


def test_where_nothing_ties_nothing_is_said_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = report(tmp_path, rows_of([5, 6, 7]), capsys)
    assert "configs" not in shown
    assert "share" not in shown


def test_filters_that_leave_nothing_are_named_with_what_they_reject(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = rows_of([1, 2, 3, 4])
    both = {"max_drawdown_pct": 0.5, "min_trades": 3}
    sweep = SweepSpec(**spec(GRID, filters=both))
    expected = {"max_drawdown_pct": Rejection(4, 4), "min_trades": Rejection(2, 4)}
    assert rejections(rows.lazy(), sweep) == expected
    assert report(tmp_path, rows, capsys, filters=both).splitlines()[-1] == (
        "no config passes the filters: max_drawdown_pct: 0.5 rejects all 4, "
        "min_trades: 3 rejects 2 of 4"
    )


def test_a_ranking_says_how_many_configs_the_filters_left_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = rows_of([1, 2, 3, 4])
    both = {"max_drawdown_pct": 3, "min_trades": 2}
    sweep = SweepSpec(**spec(GRID, filters=both))
    assert rejected_together(rows.lazy(), sweep) == Rejection(2, 4)
    shown = report(tmp_path / "some", rows, capsys, filters=both).splitlines()
    assert shown[2] == "2 of 4 configs pass the filters"
    assert "filters" not in report(tmp_path / "none", rows, capsys)


def test_a_value_of_a_grid_can_be_copied_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "stop_on_drawdown_pct"
    grid = {"name": name, "values": [0.1 + 0.2, 99.0000001, 20, None]}
    figures: dict[str, Any] = dict.fromkeys(FIGURE_NAMES, np.array([4.0, 3.0, 2.0, 1.0]))
    figures["stopped_timestamp"] = [None] * 4
    rows = sweep_rows(SweepSpec(**spec(grid)), 0, 4, figures, {})
    lines = report(tmp_path, rows, capsys, grid=grid).splitlines()
    cells = [line.split()[0] for line in lines[6:10]]
    assert cells == ["0.30000000000000004", "99.0000001", "20", "null"]
    progress = Progress(4, succeeded=4, traded=4, best=rows.row(0, named=True))
    *_, so_far = progress_lines(progress, 0, SweepSpec(**spec(grid)), 80)
    assert so_far.endswith("with stop_on_drawdown_pct 0.30000000000000004")


def test_columns_that_a_terminal_has_no_room_for_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_of([5, 6, 7])
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "80")
    assert "No room" not in report(tmp_path / "wide", rows, capsys)
    monkeypatch.setenv("COLUMNS", "30")
    lines = report(tmp_path / "narrow", rows, capsys).splitlines()
    assert (
        "No room for realized_pnl_usd, win_rate: the Parquet files have them, or a wider terminal."
    ) in " ".join(map(str.strip, lines))
    [first] = [line for line in lines if line.startswith("No room")]
    assert len(first) <= 30


def test_a_figure_that_no_config_has_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = rows_of([1, 2], stopped_row=np.array([-1, -1]))
    for number, filters in enumerate([None, {"min_trades": 1}]):
        folder = tmp_path / str(number)
        shown = report(folder, rows, capsys, rank_by="stopped_row", filters=filters)
        assert shown.splitlines()[-1] == "no config has a stopped_row, the figure to rank by"


def test_a_ranking_by_what_one_wants_little_of_says_which_end_is_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = report(tmp_path, rows_of([1, 2]), capsys, rank_by="max_drawdown_pct")
    assert (
        "The best by max_drawdown_pct (descending: the largest drawdown first), config number 1:"
    ) in shown


@pytest.mark.parametrize("rank", ["max_drawdown_pct", "net_pnl_usd"])
def test_the_command_warns_of_it_alone(
    rank: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweep_run, "run_sweep", lambda *_: 0)
    path = tmp_path / "sweep.json"
    path.write_text(SweepSpec(**spec(GRID, rank_by=rank)).to_json(), encoding="utf-8")
    assert run_command("arbtune sweep", sweep_command, [str(path)]) == 0
    written = capsys.readouterr()
    assert written.out == ""
    assert ("max_drawdown_pct is descending" in written.err) == (rank == "max_drawdown_pct")


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((2, 61, 3), "chunks: 2 running, 61 waiting, 3 to be kept by --collect"),
        ((0, 1_000, 0), "chunks: 1,000 waiting"),
        ((0, 0, 0), "nothing of it in the queue"),
    ],
)
def test_the_chunks_in_the_queue_are_told_as_far_as_there_are_any(
    counts: tuple[int, int, int], said: str
) -> None:
    names = ("running", "queued", "to_collect")
    assert chunks_note(dict(zip(names, counts, strict=True))) == said


@pytest.mark.parametrize(
    ("copied", "said"),
    [
        ({"a": 1}, ["1 config copied from sweep a"]),
        (
            {"a": 5, "b": 6_000},
            ["6,000 configs copied from sweep b", "5 configs copied from sweep a"],
        ),
        (
            {"a": 9, "b": 8, "c": 7, "d": 6, "e": 5},
            [
                "9 configs copied from sweep a",
                "8 configs copied from sweep b",
                "7 configs copied from sweep c",
                "11 configs copied from 2 other sweeps",
            ],
        ),
    ],
)
def test_what_was_copied_is_told_by_its_sweep(copied: dict[str, int], said: list[str]) -> None:
    assert [*copied_lines(Counter(copied), 30)] == [*said, "30 configs computed"]
