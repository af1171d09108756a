"""What people read of a sweep: the ranking, what ties in it, and why there is none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbitrage.arbitrage_tuning import TuningMetrics
from arbitrage.documents.config import parse_config
from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.store import ranking as sweep_ranking
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.ranking import (
    CONFIGS,
    Rejection,
    ranked_groups,
    rejected_together,
    rejections,
)
from arbitrage.results.store.rows import sweep_rows
from arbitrage.shell.console import run_command
from tests.shared.inputs.sweeps import spec
from worker.client.sweeps import run as sweep_run
from worker.client.sweeps.collector import Progress
from worker.client.sweeps.copying import copied_lines
from worker.client.sweeps.in_queue import chunks_note
from worker.client.sweeps.progress import Rate, progress_lines
from worker.client.sweeps.report import print_report
from worker.client.sweeps.summary import Summary, summary_of
from worker.commands import sweep as sweep_command

GRID = {"name": "min_spread_bps", "start": 0, "stop": 99, "num": 100}


def rows_of(figures: list[float], **columns: Any) -> pl.DataFrame:
    """Rows whose figures are all the number given for their config, but for these columns."""
    values: dict[str, Any] = dict.fromkeys(FIGURE_NAMES, np.array(figures))
    values |= {"stopped_timestamp": [None] * len(figures), **columns}
    return sweep_rows(SweepSpec(**spec(GRID)), 0, len(figures), values, {})


def groups(rows: pl.DataFrame, count: int = 10, **fields: Any) -> list[tuple[int, int]]:
    found = ranked_groups(rows.lazy(), SweepSpec(**spec(GRID, **fields)), count)
    return [(group["config_number"], group[CONFIGS]) for group in found]


def report(
    folder: Path,
    rows: pl.DataFrame,
    capsys: pytest.CaptureFixture[str],
    grid: dict[str, Any] = GRID,
    data: dict[str, Any] | None = None,
    **fields: Any,
) -> str:
    sweep = SweepSpec(**{"max_jobs": rows.height, **spec(grid, **fields)})
    place = SweepFolder(folder, "id")
    with place.exclusively():
        place.describe(sweep, "hash", "1", 100, data)
        place.write_part(rows)
    print_report(sweep, place, summary_of(sweep, place), "")
    return capsys.readouterr().out


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


def test_what_is_copied_says_nothing_of_the_rate() -> None:
    line, *_ = progress_lines(Progress(9, 5, 1, copied=4), 0, SweepSpec(**spec(GRID)), 80)
    assert line == "6 of 9 configs (67%), 1 failed, 4 copied, 0 running, 0 queued"
    rate = Rate()
    assert rate(Progress(9, 1)) == 0
    assert rate(Progress(9, 5, copied=4)) == 0
    assert rate(Progress(9, 6, copied=4)) > 0


# Where the best is no good, or none


DATA = {
    "snapshots_count": 2_000,
    "skipped_snapshots": 1_531,
    "empty_snapshots": 30,
    "crossed_snapshots": 1_500,
    "locked_snapshots": 1,
    "largest_spread_bps": 5.5,
}
NOTHING = np.array([0, 0])


def summary(folder: Path, rows: pl.DataFrame, **fields: Any) -> Summary:
    sweep = SweepSpec(**{"max_jobs": rows.height, **spec(GRID, **fields)})
    place = SweepFolder(folder, "id")
    with place.exclusively():
        place.describe(sweep, "hash", "1", 100, DATA)
        place.write_part(rows)
    return summary_of(sweep, place)


def test_where_nothing_traded_there_is_no_best_but_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = rows_of([0.0, 0.0], total_trades=NOTHING)
    said = report(tmp_path, rows, capsys, data=DATA).splitlines()[2:]
    no_trade, skipped = said
    assert no_trade == (
        "no config traded: the largest spread in the file is 5.5 bps, "
        "the lowest threshold (min_spread_bps and costs) is 12 bps"
    )
    assert skipped == (
        "1,531 of 2,000 rows are skipped: 30 with an empty book (a price of 0 or below), "
        "1,500 crossed (a bid above its ask), 1 locked (a bid that is its ask); "
        "are the columns of bid and ask swapped?"
    )
    document = summary(tmp_path, rows).as_json(SweepSpec(**spec(GRID)))
    assert document["best"] is None
    assert (document["traded"], document["lowest_threshold_bps"]) == (0, 12.0)
    assert document["data"] == DATA
    assert document["cautions"] == said


def test_what_is_not_known_of_the_data_is_not_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a folder that an older version has left."""
    rows = rows_of([0.0, 0.0], total_trades=NOTHING)
    assert report(tmp_path, rows, capsys, filters={"min_trades": 1}).splitlines()[2:] == [
        "no config traded: the lowest threshold (min_spread_bps and costs) is 12 bps"
    ]


def test_while_configs_are_missing_all_is_so_far(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = rows_of([0.0, 0.0], total_trades=NOTHING)
    shown = report(tmp_path / "nothing", nothing, capsys, max_jobs=5)
    assert "no config traded so far, of 2: the lowest" in shown
    shown = report(tmp_path / "some", rows_of([50, 60]), capsys, max_jobs=5)
    assert "The best so far (3 are missing) by net_pnl_usd, config number 1:" in shown
    assert "so far" not in report(tmp_path / "all", rows_of([50, 60]), capsys)


CAUTIONS: dict[str, tuple[float, int, list[str]]] = {
    "ten trades that earned": (5.0, 10, []),
    "a loss": (-1_234.5, 10, ["the best lost money: net -1,234.50 USD"]),
    "few trades": (5.0, 9, ["the best has 9 trades: fewer than 10 may be luck"]),
    "one trade": (5.0, 1, ["the best has 1 trade: fewer than 10 may be luck"]),
    "no trade, where others lost": (0.0, 0, ["the best did not trade"]),
    "both": (
        -1.0,
        2,
        ["the best lost money: net -1.00 USD", "the best has 2 trades: fewer than 10 may be luck"],
    ),
}


@pytest.mark.parametrize("case", CAUTIONS)
def test_a_best_that_says_little_carries_a_caution(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    net, trades, cautions = CAUTIONS[case]
    pnls, counts = np.array([net, net - 1]), np.array([trades, 50])
    rows = rows_of([0.0, 0.0], total_trades=counts, net_pnl_usd=pnls)
    assert summary(tmp_path / "a", rows).cautions() == cautions
    shown = report(tmp_path / "b", rows, capsys).splitlines()
    assert [line for line in shown if line.startswith("Caution: ")] == [
        f"Caution: {caution}." for caution in cautions
    ]


def test_where_all_failed_the_first_error_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = sweep_rows(SweepSpec(**spec(GRID)), 0, 2, {}, {0: "it [died]", 1: "x"})
    shown = report(tmp_path, rows, capsys).splitlines()
    assert shown[0] == "sweep id: 0 of 2, 2 failed"
    assert shown[-1] == "no config succeeded; the first failed with: it [died]"


def test_the_best_is_a_job_to_enqueue_and_what_it_came_to(tmp_path: Path) -> None:
    grid = {"name": "min_spread_bps", "start": 0, "stop": 30, "step": 0.1}
    sweep = SweepSpec(**spec(grid, tag_prefix="s", extra={"note": [1, None]}))
    figures: dict[str, Any] = dict.fromkeys(FIGURE_NAMES, np.arange(301.0) % 148)
    figures["stopped_timestamp"] = [None] * 301
    place = SweepFolder(tmp_path, "id")
    with place.exclusively():
        place.write_part(sweep_rows(sweep, 0, 301, figures, {}))
    best = summary_of(sweep, place).as_json(sweep)["best"]
    assert parse_config(best["config"]) == sweep.config(147)
    assert best["config"]["min_spread_bps"] == 147 * 0.1 != 14.7
    assert best["config"]["extra"] == {"note": [1, None]}
    assert TuningMetrics.model_validate(best["metrics"]).net_pnl_usd == 147
    assert set(best["metrics"]) == set(FIGURE_NAMES)
    assert best["extra"] == '{"note":[1,null]}'  # the flat row, as the Parquet has it


# Progress

WIDE = [{"name": name, "values": [1234.5678]} for name in ("slippage_bps", "initial_balance_usd")]


@pytest.mark.parametrize("width", [80, 120])
def test_progress_fits_its_lines(width: int) -> None:
    sweep = SweepSpec(**spec(GRID, *WIDE, rank_by="avg_pnl_per_trade_usd"))
    best = dict.fromkeys([*FIGURE_NAMES, *(grid.name for grid in sweep.grids)], 1234.5678)
    progress = Progress(10**10, 10**9, 123_456, 9_000, 1_280_000, 1_260_000, best=best)
    lines = list(progress_lines(progress, 1_234_567.8, sweep, width))
    assert len(lines) == 2
    assert max(map(len, lines)) <= width
    assert lines[0].startswith("1,000,123,456 of 10,000,000,000 configs (10%)")
    assert lines[1].startswith("best so far: avg_pnl_per_trade_usd 1,234.57")


def test_progress_crowns_nobody_while_nothing_traded() -> None:
    sweep = SweepSpec(**spec(GRID))
    best = dict.fromkeys([*FIGURE_NAMES, "min_spread_bps"], 0)
    assert [*progress_lines(Progress(5), 0, sweep, 80)] == [
        "0 of 5 configs (0%), 0 running, 0 queued"
    ]
    *_, last = progress_lines(Progress(5, 2, best=best), 0, sweep, 80)
    assert last == "no config has traded so far"
    *_, last = progress_lines(Progress(5, 2, traded=1, best=best), 0, sweep, 80)
    assert last.startswith("best so far: net_pnl_usd 0.00 with min_spread_bps 0")
