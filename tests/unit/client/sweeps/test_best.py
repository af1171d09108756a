"""What people read of the best of a sweep: its cautions, and why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbitrage.arbitrage_tuning import TuningMetrics
from arbitrage.documents.config import parse_config
from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.rows import sweep_rows
from tests.helpers.inputs.sweeps import spec
from tests.unit.client.sweeps.ranked import GRID, report, rows_of
from worker.client.sweeps.summary import Summary, summary_of

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
