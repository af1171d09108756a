"""Where the money went, how a run traded, and what its rows were like."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from arbitrage.documents.config import parse_config
from arbitrage.results.explain.explanation import Explanation
from arbitrage.sweep import explain

EPOCH = 1_700_000_400  # begins a quarter of an hour, not an hour
HOUR = 3_600
CHEAP = (127, 128, 129, 130)  # venue A: a spread of 78.125 bps
CHEAPER = (127, 128, 132, 133)  # 312.5
LEVEL = (127, 128, 128, 129)
CLOSES = (126, 128, 127, 130)  # at an exit spread of 312.5 bps of 128
CLOSES_WELL = (127.75, 128, 127.75, 128)  # at 19.53125
BROKEN = (0, 0, 0, 0)
POSITION = 6_400.0


def explained(
    folder: Path, rows: Sequence[tuple[int, tuple[float, ...]]], **fields: Any
) -> Explanation:
    """A config over rows at these seconds."""
    lines = [f"{EPOCH + second}," + ",".join(map(str, row)) for second, row in rows]
    header = "timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b"
    path = folder / "quotes.csv"
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    config = {"data_file": str(path), "min_spread_bps": 10, "max_position_usd": POSITION}
    costs = {"taker_fee_a_bps": 2, "taker_fee_b_bps": 1, "slippage_bps": 0.5}
    return explain(parse_config({**config, **costs, **fields}))


def test_every_dollar_has_its_item(tmp_path: Path) -> None:
    run = explained(
        tmp_path,
        [(0, CHEAP), (1, (127.5, 128.5, 129, 130)), (2, CLOSES), (3, CLOSES), (4, CLOSES)],
        latency_a_ms=1500,
    )
    decided, met, out = 78.125, 0.5 / 128.5 * 10_000, 4 / 128.5 * 10_000
    by_hand = {
        "spread seen": decided,
        "latency": met - decided,
        "exit spread": -out,
        "fees A": -4.0,
        "fees B": -2.0,
        "slippage": -1.0,
    }
    assert {item.what: item.bps for item in run.money[:6]} == pytest.approx(by_hand)
    assert {item.what: item.usd for item in run.money[:6]} == pytest.approx(
        {what: bps / 10_000 * POSITION for what, bps in by_hand.items()}
    )
    realized, still_open, net = run.money[6:]
    assert (realized.usd, still_open.usd, net.usd) == (
        run.metrics.realized_pnl_usd,
        run.metrics.unrealized_pnl_usd,
        run.metrics.net_pnl_usd,
    )
    assert sum(by_hand.values()) == pytest.approx(realized.bps)


def test_an_open_trade_is_an_item_of_its_own(tmp_path: Path) -> None:
    run = explained(tmp_path, [(0, CHEAP), (1, CLOSES_WELL), (2, CHEAP)])
    items = {item.what: item for item in run.money}
    assert run.metrics.open_trades == 1
    assert items["open trades"].usd < 0 < items["realized"].usd
    parts = [item.usd for item in run.money[:6]]
    assert sum(parts) + items["open trades"].usd == pytest.approx(items["net"].usd)
    nets = [items[what].bps for what in ("realized", "open trades", "net")]
    assert nets[0] + nets[1] == pytest.approx(nets[2])  # type: ignore[operator]


def test_without_a_closed_trade_nothing_is_told_in_bps(tmp_path: Path) -> None:
    run = explained(tmp_path, [(0, CHEAP), (1, LEVEL)])
    assert {item.bps for item in run.money} == {None}
    assert [item.usd for item in run.money[:6]] == [0.0] * 6
    assert run.money[-1].usd == run.metrics.net_pnl_usd
    assert run.habits[:2] == (None, None)
    assert run.habits.busiest_hour is None


def test_habits_by_hand(tmp_path: Path) -> None:
    run = explained(
        tmp_path,
        [
            (0, LEVEL),
            (10, CHEAPER),
            (20, CLOSES_WELL),  # held for 10 s, in the first hour, and earns most
            (HOUR, CHEAP),
            (HOUR + 30, CLOSES_WELL),  # 30 s
            (HOUR + 40, CHEAP),
            (HOUR + 90, CLOSES_WELL),  # 50 s
            (2 * HOUR, LEVEL),
        ],
    )
    assert (run.habits.median_holding_seconds, run.habits.longest_holding_seconds) == (30, 50)
    assert run.habits.exposure == pytest.approx(90 / (2 * HOUR))
    assert run.habits.busiest_hour == "2023-11-14T23:00:00Z"
    assert run.habits.busiest_hour_trades == 2
    earned = run.trades["pnl_usd"].to_list()
    assert earned[0] > 2 * earned[1] == 2 * earned[2]
    assert run.habits.busiest_hour_share == pytest.approx(2 * earned[1] / sum(earned))
    assert run.habits.best_five_share == pytest.approx(1.0)


def test_trades_side_by_side_are_exposed_once(tmp_path: Path) -> None:
    rows = [(0, CHEAP), (10, CHEAP), (20, CLOSES_WELL), (40, LEVEL), (50, CHEAP), (100, LEVEL)]
    run = explained(tmp_path, rows, max_open_trades=2)
    assert run.metrics.total_trades == 3
    assert run.habits.exposure == pytest.approx((20 + 50) / 100)


def test_a_few_trades_may_earn_more_than_all(tmp_path: Path) -> None:
    ends = [CLOSES_WELL] * 6 + [CLOSES]
    rows: list[tuple[float, ...]] = [pair for end in ends for pair in (CHEAP, end)]
    run = explained(tmp_path, [*enumerate(rows)])
    one = run.trades["pnl_usd"][0]
    assert run.metrics.realized_pnl_usd > 0
    assert 5 * one > run.metrics.realized_pnl_usd
    assert run.habits.best_five_share == pytest.approx(5 * one / run.metrics.realized_pnl_usd)


def test_nothing_is_a_share_of_a_loss(tmp_path: Path) -> None:
    run = explained(tmp_path, [(0, CHEAP), (1, CLOSES)])
    assert run.metrics.realized_pnl_usd < 0
    assert (run.habits.best_five_share, run.habits.busiest_hour_share) == (None, None)


def test_the_rows_are_counted_and_so_are_the_trades_over_gaps(tmp_path: Path) -> None:
    seconds = [*range(40), 100, 101]
    rows = dict.fromkeys(seconds, LEVEL) | {5: CHEAP, 6: CLOSES_WELL, 39: CHEAP, 100: CLOSES_WELL}
    run = explained(tmp_path, [*rows.items(), (102, BROKEN)])
    quality = run.quality
    assert (quality.snapshots_count, quality.skipped_snapshots, quality.empty_snapshots) == (
        43,
        1,
        1,
    )
    assert (quality.usual_step_seconds, quality.gap_bound_seconds, quality.gaps) == (1, 10, 1)
    assert (quality.largest_step_seconds, quality.largest_step_after) == (61, str(EPOCH + 39))
    assert quality.trades_over_gaps == 1
    assert quality.pnl_over_gaps_usd == run.trades["pnl_usd"][1]


def test_the_object_for_programs_is_json_without_the_tables(tmp_path: Path) -> None:
    document = explained(tmp_path, [(0, CHEAP), (1, CLOSES)]).as_json()
    assert document.keys() == {"config", "metrics", "money", "habits", "quality"}
    assert document["money"][-1]["what"] == "net"
    assert document["metrics"]["net_pnl_usd"] == document["money"][-1]["usd"]
