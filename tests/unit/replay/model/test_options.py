"""The options of the model by example, one rule a test (docs/model.md).

Rows are a second apart. Prices are multiples of 1/8 around 128, as in `ticks.py`: 1 tick of 1.0
is 78.125 bps of 128.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from arbitrage.arbitrage_backtest import ArbitrageBacktester, BacktestResult
from arbitrage.arbitrage_core import (
    ArbitrageConfig,
    ArbitrageEngine,
    ArbitrageTrade,
    OrderBookSnapshot,
)

TICK_BPS = 78.125
POSITION_USD = 6_400.0  # 50 units at 128
AMPLE = 1_000.0


def snapshot(
    second: float, a: tuple[float, float], b: tuple[float, float], *, size: float = AMPLE
) -> OrderBookSnapshot:
    stamp = str(1_700_000_000_000 + round(second * 1_000))
    return OrderBookSnapshot(stamp, *a, *b, size, size, size, size, 0.0, 0.0)


def open_at(second: float, **more: float) -> OrderBookSnapshot:
    """Buying on A and selling on B earns 1 tick."""
    return snapshot(second, (127, 128), (129, 130), **more)


def level_at(second: float, **more: float) -> OrderBookSnapshot:
    """It earns nothing, and loses nothing."""
    return snapshot(second, (127, 128), (128, 129), **more)


def reversed_at(second: float, **more: float) -> OrderBookSnapshot:
    """It would lose 1 tick."""
    return snapshot(second, (127, 128), (127, 128), **more)


def config(**options: Any) -> ArbitrageConfig:
    return ArbitrageConfig(TICK_BPS, 0.0, 0.0, 0.0, POSITION_USD, **options)


def events(rows: list[OrderBookSnapshot], **options: Any) -> list[tuple[int, ArbitrageTrade]]:
    """Which trade opened or closed on which row, as it was then."""
    engine = ArbitrageEngine(config(**options))
    return [
        (at, replace(trade)) for at, row in enumerate(rows) for trade in engine.on_snapshot(row)
    ]


def places(rows: list[OrderBookSnapshot], **options: Any) -> list[int]:
    return [at for at, _ in events(rows, **options)]


def result(rows: list[OrderBookSnapshot], **options: Any) -> BacktestResult:
    return ArbitrageBacktester(ArbitrageEngine(config(**options))).run(rows)


def test_a_trade_closes_below_its_exit_spread() -> None:
    rows = [open_at(0), level_at(1), reversed_at(2)]
    assert places(rows) == [0, 2]
    assert places(rows, exit_spread_bps=1.0) == [0, 1]
    assert places(rows, exit_spread_bps=-2 * TICK_BPS) == [0]


def test_an_exit_spread_above_the_threshold_closes_on_the_next_row() -> None:
    rows = [open_at(0), open_at(1), open_at(2)]
    assert places(rows, exit_spread_bps=2 * TICK_BPS) == [0, 1, 1, 2, 2]


def test_a_trade_is_held_no_longer_than_the_holding_time() -> None:
    rows = [open_at(0), level_at(1), level_at(2), level_at(3)]
    assert places(rows) == [0]
    assert places(rows, max_holding_seconds=2.0) == [0, 2]
    assert places(rows, max_holding_seconds=2.000_000_001) == [0, 3]


def test_the_holding_time_counts_from_the_decision() -> None:
    rows = [open_at(0), level_at(1), level_at(2), level_at(3)]
    assert places(rows, latency_a_ms=500.0, max_holding_seconds=2.0) == [1, 3]


def test_an_entry_meets_the_quotes_of_its_arrival_at_each_venue() -> None:
    dearer_a = snapshot(1, (128, 129), (129, 130))
    worse_b = snapshot(2, (127, 128), (128.5, 130))
    rows = [open_at(0), dearer_a, worse_b, open_at(3)]
    ((at, trade),) = events(rows, latency_a_ms=1_000.0, latency_b_ms=2_000.0)
    assert (at, trade.entry_price) == (3, 129)
    assert trade.entry_spread_bps == (128.5 - 129) / 129 * 10_000
    ((at, trade),) = events(rows, latency_a_ms=0.0, latency_b_ms=2_000.0)
    assert (at, trade.entry_price, trade.entry_spread_bps) == (3, 128, 0.5 * TICK_BPS)


def test_an_exit_meets_the_quotes_of_its_arrival_at_each_venue() -> None:
    """The same latency at both venues moves the entry too: it meets the same quotes here."""
    rows = [open_at(0), open_at(1), reversed_at(2), snapshot(3, (126, 128), (127, 129))]
    rows.append(level_at(4))
    exits = {
        latency: [
            (at, trade.exit_spread_bps)
            for at, trade in events(rows, latency_a_ms=latency[0], latency_b_ms=latency[1])
            if not trade.is_open
        ]
        for latency in [(0.0, 0.0), (1_000.0, 0.0), (0.0, 1_000.0), (1_000.0, 1_000.0)]
    }
    assert exits == {
        (0.0, 0.0): [(2, TICK_BPS)],
        (1_000.0, 0.0): [(4, 2 * TICK_BPS)],
        (0.0, 1_000.0): [(4, 2 * TICK_BPS)],
        (1_000.0, 1_000.0): [(4, 3 * TICK_BPS)],
    }


def test_the_trade_that_the_page_draws() -> None:
    """The timeline of docs/model.md; each row's quotes are its own."""
    spreads = {0: 7, 20: 7, 40: 4, 60: 5, 900: -1, 920: -2, 940: -1, 960: 1}
    rows = [
        snapshot(ms / 1000, (99 + at / 8, 100 + at / 8), (bid, bid + 2 + at / 8))
        for at, (ms, bps) in enumerate(spreads.items())
        for bid in [(100 + at / 8) * (1 + bps / 10_000)]
    ]
    engine = ArbitrageEngine(
        ArbitrageConfig(6.0, 0.0, 0.0, 0.0, POSITION_USD, latency_a_ms=50.0, latency_b_ms=20.0)
    )
    changed = [[replace(trade) for trade in engine.on_snapshot(row)] for row in rows]
    assert [len(trades) for trades in changed] == [0, 0, 0, 1, 0, 0, 0, 1]
    bought, sold_short = rows[2].best_ask_a, rows[1].best_bid_b
    assert changed[3][0].entry_price == bought
    assert changed[3][0].entry_spread_bps == (sold_short - bought) / bought * 10_000
    sold, bought_back = rows[6].best_bid_a, rows[5].best_ask_b
    assert changed[7][0].exit_spread_bps == (bought_back - sold) / bought * 10_000


def test_a_trade_in_flight_holds_its_slot_and_is_not_yet_a_trade() -> None:
    rows = [open_at(0), open_at(1), open_at(1.5), open_at(3)]
    assert places(rows, latency_b_ms=2_000.0) == [3]
    assert places(rows, latency_b_ms=2_000.0, max_open_trades=2) == [3]
    assert result(rows[:3], latency_b_ms=2_000.0).total_trades == 0


def test_an_exit_in_flight_is_still_open_and_marked() -> None:
    found = result([open_at(0), open_at(0.5), reversed_at(1), level_at(1.1)], latency_a_ms=200.0)
    assert (found.total_trades, found.closed_trades, found.open_trades) == (1, 0, 1)
    assert found.unrealized_pnl_usd == -50.0  # what the entry earned less what closing costs: 2


def test_a_row_with_an_old_quote_is_skipped_and_counted_apart() -> None:
    old = open_at(0)._replace(age_b_ms=100.5)
    rows = [old, open_at(1), reversed_at(2)._replace(age_a_ms=math.nan), reversed_at(3)]
    assert places(rows) == [0, 2]
    assert places(rows, max_quote_age_ms=100.0) == [1, 3]
    assert places(rows, max_quote_age_ms=100.5) == [0, 3]
    stats = result(rows, max_quote_age_ms=100.0).stats
    assert (stats.skipped_snapshots, stats.stale_snapshots) == (2, 2)
    assert result(rows).stats.stale_snapshots == 0


def test_a_trade_takes_no_more_than_its_share_of_the_smaller_size() -> None:
    small = open_at(0, size=20.0)._replace(bid_size_b=10.0)
    ((_, trade),) = events([small])
    assert trade.notional_usd == POSITION_USD
    ((_, trade),) = events([small], size_share=0.5)
    assert trade.notional_usd == 0.5 * 10.0 * 128
    ((_, trade),) = events([open_at(0)], size_share=0.5)
    assert trade.notional_usd == POSITION_USD


def test_no_trade_opens_without_a_size_or_below_the_least_position() -> None:
    assert places([open_at(0, size=0.0)], size_share=1.0) == []
    rows = [open_at(0, size=10.0)]
    assert places(rows, size_share=0.5, min_position_usd=640.0) == [0]
    assert places(rows, size_share=0.5, min_position_usd=640.5) == []
    assert places(rows, min_position_usd=1e9) == [0]  # without a share it has no effect


def test_a_quote_that_was_hit_is_not_hit_again_before_it_changes() -> None:
    rows = [open_at(0), open_at(1), open_at(2)._replace(ask_size_a=7.0), open_at(3)]
    assert places(rows, max_open_trades=9) == [0, 1, 2, 3]
    # On row 2 the bid of B stands, on row 3 that of A has changed back and is free.
    assert places(rows, max_open_trades=9, size_share=1.0) == [0]
    rows[2] = rows[2]._replace(bid_size_b=7.0)
    assert places(rows, max_open_trades=9, size_share=1.0) == [0, 2, 3]


def test_an_exit_beyond_the_size_is_counted() -> None:
    rows = [open_at(0), reversed_at(1, size=60.0), level_at(2)]
    assert result(rows).exits_beyond_size is None
    assert result(rows, size_share=1.0).exits_beyond_size == 0
    rows[1] = rows[1]._replace(ask_size_b=49.0)
    assert result(rows, size_share=1.0).exits_beyond_size == 1


@pytest.mark.parametrize(
    ("option", "missing"),
    [
        ("max_quote_age_ms", ["age_a_ms", "age_b_ms"]),
        ("max_quote_age_ms", ["age_b_ms"]),
        ("size_share", ["bid_size_a", "ask_size_a", "bid_size_b", "ask_size_b"]),
        ("size_share", ["ask_size_b"]),
    ],
)
def test_a_row_without_the_columns_of_an_option_is_refused(option: str, missing: list[str]) -> None:
    nothing: dict[str, Any] = dict.fromkeys(missing)
    row = open_at(0)._replace(**nothing)
    assert places([row]) == [0]
    with pytest.raises(ValueError, match=f"{option} needs columns .*: {', '.join(missing)}$"):
        places([row], **{option: 1.0})
