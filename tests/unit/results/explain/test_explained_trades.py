"""The trades of one config by example, and the marks of its equity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arbitrage.documents.config import parse_config
from arbitrage.replay.kernels.options.log import DEEPEST, HIGHEST, LAST, LOWEST, log_mark
from arbitrage.results.explain.explanation import Explanation
from arbitrage.results.explain.recording import _empty_log
from arbitrage.sweep import explain

COLUMNS = "timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b"
EPOCH = 1_700_000_000
A_CHEAP, B_CHEAP = (127, 128, 129, 130), (129, 130, 127, 128)
A_FAR_BELOW, B_FAR_BELOW = (127, 128, 132, 133), (132, 133, 127, 128)
FLAT = (127, 128, 127, 128)


def explained(folder: Path, *rows: tuple[float, ...], **fields: Any) -> Explanation:
    """A config without costs over these rows, a second apart."""
    lines = [f"{EPOCH + second}," + ",".join(map(str, row)) for second, row in enumerate(rows)]
    path = folder / "quotes.csv"
    path.write_text("\n".join([COLUMNS, *lines, ""]), encoding="utf-8")
    costs = dict.fromkeys(("taker_fee_a_bps", "taker_fee_b_bps", "slippage_bps"), 0.0)
    config = {"data_file": str(path), "min_spread_bps": 10, "max_position_usd": 6400}
    return explain(parse_config({**config, **costs, **fields}))


def test_trades_stand_in_the_order_of_their_closing_and_open_ones_last(tmp_path: Path) -> None:
    run = explained(
        tmp_path,
        A_CHEAP,
        B_CHEAP,
        A_FAR_BELOW,
        B_FAR_BELOW,
        max_open_trades=2,
        exit_spread_bps=-300,
    )
    table = run.trades.select("open_row", "close_row", "side", "ended_by").rows()
    assert table == [
        (1, 2, "LONG_B_SHORT_A", "reversal"),
        (0, 3, "LONG_A_SHORT_B", "reversal"),
        (2, 3, "LONG_A_SHORT_B", "reversal"),
        (3, None, "LONG_B_SHORT_A", "open"),
    ]
    assert run.metrics.open_trades == 1


def test_latency_is_the_spread_that_was_decided_on_less_the_one_that_was_met(
    tmp_path: Path,
) -> None:
    later, last = (127.5, 128.5, 129, 130), (126, 127, 127, 128)
    run = explained(tmp_path, A_CHEAP, later, FLAT, last, last, latency_a_ms=1500)
    [trade] = run.trades.to_dicts()
    entry, out = (129 - 128.5) / 128.5 * 10_000, (128 - 126) / 128.5 * 10_000
    assert trade == {
        "open_time": str(EPOCH + 2),
        "close_time": str(EPOCH + 4),
        "open_row": 2,
        "close_row": 4,
        "side": "LONG_A_SHORT_B",
        "decision_spread_bps": 78.125,
        "entry_spread_bps": entry,
        "exit_spread_bps": out,
        "long_entry_price": 128.5,
        "short_entry_price": 129.0,
        "long_exit_price": 126.0,
        "short_exit_price": 128.0,
        "cost_bps": 0.0,
        "notional_usd": 6400.0,
        "pnl_bps": entry - out - 0.0,
        "pnl_usd": (entry - out - 0.0) / 10_000 * 6400,
        "holding_seconds": 2.0,
        "ended_by": "reversal",
    }


def test_a_trade_may_end_by_its_holding_time(tmp_path: Path) -> None:
    run = explained(tmp_path, A_CHEAP, A_CHEAP, A_CHEAP, max_holding_seconds=2)
    assert run.trades["ended_by"].to_list() == ["holding", "open"]


def test_without_a_trade_there_is_an_empty_table_and_the_equity_all_the_same(
    tmp_path: Path,
) -> None:
    run = explained(tmp_path, FLAT, FLAT)
    assert run.trades.height == 0
    assert run.trades.columns[0] == "open_time"
    assert run.equity["equity_usd"].to_list() == [10_000.0, 10_000.0]


def test_times_out_of_reach_leave_no_holding_times(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    years = ("1500-01-01T00:00:00Z", "1500-01-01T00:00:01Z")
    rows = (A_CHEAP, FLAT)
    lines = [f"{year}," + ",".join(map(str, row)) for year, row in zip(years, rows, strict=True)]
    path.write_text("\n".join([COLUMNS, *lines, ""]), encoding="utf-8")
    run = explained(tmp_path, FLAT)
    old = explain(run.config.model_copy(update={"data_file": str(path)}))
    assert old.trades["open_time"].to_list() == [years[0]]
    assert old.trades["holding_seconds"].to_list() == [None]


@pytest.mark.parametrize("width", [1, 4])
def test_of_a_stretch_the_deepest_drawdown_is_kept_though_equity_was_lower(width: int) -> None:
    log = _empty_log(4, 0)._replace(width=width)
    marks = [(90.0, 10.0), (1_000.0, 0.0), (500.0, 50.0), (600.0, 40.0)]
    for row, (equity, drawdown) in enumerate(marks):
        log_mark(log, row, equity, drawdown)
    if width == 1:
        assert log.rows[:, LAST].tolist() == [0, 1, 2, 3]
        return
    kept = {which: int(log.rows[0, which]) for which in (LAST, HIGHEST, LOWEST, DEEPEST)}
    assert kept == {LAST: 3, HIGHEST: 1, LOWEST: 0, DEEPEST: 2}
    assert np.array_equal(log.marks[0, DEEPEST], marks[2])
