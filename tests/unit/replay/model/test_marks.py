"""Marks, stops and skipped rows: the model by example (docs/model.md), one rule a test."""

from __future__ import annotations

import math

import pytest

from tests.unit.replay.model.ticks import (
    A_CHEAP,
    B_CHEAP,
    CLOSES_BADLY,
    CLOSES_FLAT,
    CLOSES_WELL,
    CROSSED,
    LEVEL,
    NOT_TRADABLE,
    POSITION_USD,
    TICK_USD,
    backtest,
    config,
    file_of,
)


class TestMark:
    def test_a_fresh_trade_is_marked_on_its_own_row_at_what_closing_it_would_pay(self) -> None:
        """A_CHEAP earns 1 tick and would pay 3 to close: 100 USD of 10,000 are gone."""
        result = backtest(file_of(A_CHEAP), config())
        assert result.max_drawdown_pct == 1.0
        assert result.unrealized_pnl_usd == -2 * TICK_USD
        assert result.final_balance_usd == 10_000.0

    def test_a_closed_trade_counts_once(self) -> None:
        """The loser is realized and no longer unrealized on the row that closes it."""
        result = backtest(file_of(A_CHEAP, CLOSES_BADLY), config())
        assert result.realized_pnl_usd == -3 * TICK_USD
        assert result.unrealized_pnl_usd == 0.0
        assert result.max_drawdown_pct == 1.5

    def test_the_mark_comes_after_the_close_and_the_open(self) -> None:
        """On the second row closing earns 2 ticks and opening the other side costs 2.

        A mark between the two would have seen a peak, and a drawdown from it.
        """
        result = backtest(file_of(A_CHEAP, B_CHEAP), config())
        assert result.realized_pnl_usd == 2 * TICK_USD
        assert result.unrealized_pnl_usd == -2 * TICK_USD
        assert result.max_drawdown_pct == 1.0

    def test_the_mark_pays_both_executions(self) -> None:
        result = backtest(file_of(A_CHEAP), config(20, fee_a_bps=8, fee_b_bps=4, slippage_bps=4))
        assert result.unrealized_pnl_usd == -2 * TICK_USD - 32 / 10_000 * POSITION_USD

    def test_drawdown_is_from_the_peak_not_from_the_start(self) -> None:
        """One good trade of 37.5 USD lifts the peak to 10,037.5; the next one is at -100 below."""
        result = backtest(file_of(A_CHEAP, CLOSES_WELL, A_CHEAP), config())
        assert result.realized_pnl_usd == 0.75 * TICK_USD
        first_drawdown, second_drawdown = 100 / 10_000 * 100, 100 / 10_037.5 * 100
        assert second_drawdown < first_drawdown
        assert result.max_drawdown_pct == first_drawdown
        deeper = backtest(file_of(A_CHEAP, CLOSES_WELL, A_CHEAP, CLOSES_BADLY), config())
        assert deeper.max_drawdown_pct == 150 / 10_037.5 * 100

    def test_an_unrealized_gain_lifts_the_peak(self) -> None:
        """Held through a row worth +37.5 USD, then closed at -150: 187.5 below the peak."""
        held = config(closes=False)
        rows = file_of(A_CHEAP, CLOSES_WELL, CLOSES_BADLY)
        assert backtest(rows, held).max_drawdown_pct == 187.5 / 10_037.5 * 100

    def test_drawdown_stays_the_deepest_after_a_recovery(self) -> None:
        result = backtest(file_of(A_CHEAP, CLOSES_WELL), config())
        assert result.net_pnl_usd == 0.75 * TICK_USD
        assert result.max_drawdown_pct == 1.0

    def test_unrealized_is_as_of_the_last_tradable_row(self) -> None:
        """LEVEL would pay 2 ticks to close, after 1 was earned; the broken row says nothing."""
        result = backtest(file_of(A_CHEAP, LEVEL, CROSSED), config())
        assert result.unrealized_pnl_usd == -1 * TICK_USD

    def test_net_is_realized_plus_unrealized(self) -> None:
        result = backtest(file_of(A_CHEAP, CLOSES_WELL, A_CHEAP), config())
        assert result.realized_pnl_usd == 0.75 * TICK_USD
        assert result.unrealized_pnl_usd == -2 * TICK_USD
        assert result.net_pnl_usd == -1.25 * TICK_USD
        assert result.final_balance_usd == 10_000.0 + 0.75 * TICK_USD


class TestStop:
    def test_it_ends_the_run_after_its_row_and_leaves_the_trades_open(self) -> None:
        rows = file_of(A_CHEAP, A_CHEAP, CLOSES_WELL, A_CHEAP)
        result = backtest(rows, config(slots=2), stop_pct=1.5)
        assert (result.stopped_row, result.stopped_timestamp) == (1, "t1")
        assert (result.total_trades, result.closed_trades, result.open_trades) == (2, 0, 2)
        assert result.unrealized_pnl_usd == -4 * TICK_USD
        assert result.stats.steps_processed == 2

    def test_it_is_inclusive(self) -> None:
        rows = file_of(A_CHEAP, CLOSES_WELL)
        assert backtest(rows, config(), stop_pct=1.0).stopped_row == 0
        above = math.nextafter(1.0, math.inf)
        assert backtest(rows, config(), stop_pct=above).stopped_row is None

    def test_it_may_fire_on_the_row_that_closes_the_last_trade(self) -> None:
        rows = file_of(A_CHEAP, CLOSES_BADLY, A_CHEAP)
        result = backtest(rows, config(), stop_pct=1.5)
        assert (result.stopped_row, result.open_trades, result.closed_trades) == (1, 0, 1)

    def test_it_may_fire_on_the_last_row(self) -> None:
        result = backtest(file_of(CLOSES_FLAT, A_CHEAP), config(), stop_pct=1.0)
        assert (result.stopped_row, result.stopped_timestamp) == (1, "t1")

    def test_its_row_is_counted_from_0_in_the_file_skipped_rows_included(self) -> None:
        rows = file_of(CROSSED, CROSSED, A_CHEAP, CLOSES_WELL)
        result = backtest(rows, config(), stop_pct=1.0)
        assert (result.stopped_row, result.stopped_timestamp) == (2, "t2")

    def test_not_set_it_fires_when_the_account_is_gone(self) -> None:
        """2 ticks of 640,000 USD are the whole account."""
        rows = file_of(A_CHEAP, CLOSES_WELL)
        result = backtest(rows, config(position_usd=640_000.0))
        assert result.max_drawdown_pct == 100.0
        assert (result.stopped_row, result.open_trades) == (0, 1)

    def test_not_set_it_does_not_fire_before(self) -> None:
        rows = file_of(A_CHEAP, CLOSES_WELL)
        result = backtest(rows, config(position_usd=639_999.0))
        assert (result.stopped_row, result.stopped_timestamp) == (None, None)
        assert result.closed_trades == 1


class TestSkippedRows:
    @pytest.mark.parametrize("name", NOT_TRADABLE)
    def test_they_mark_nothing_and_are_counted(self, name: str) -> None:
        skipped = NOT_TRADABLE[name]
        result = backtest(file_of(skipped, A_CHEAP, skipped, CLOSES_WELL, skipped), config())
        assert result.stats.skipped_snapshots == 3
        assert result.stats.steps_processed == result.stats.total_snapshots == 5
        assert (result.total_trades, result.closed_trades) == (1, 1)
        assert result.max_drawdown_pct == 1.0

    def test_they_are_counted_over_the_whole_file_wherever_a_stop_ends_the_run(self) -> None:
        rows = file_of(CROSSED, A_CHEAP, CROSSED, CLOSES_WELL, CROSSED)
        result = backtest(rows, config(), stop_pct=1.0)
        assert result.stopped_row == 1
        assert result.stats.skipped_snapshots == 3
        assert result.stats.total_snapshots == 5
        assert result.stats.steps_processed == 2

    def test_they_are_counted_over_the_whole_file_wherever_max_steps_ends_the_run(self) -> None:
        rows = file_of(CROSSED, A_CHEAP, CROSSED, CLOSES_WELL, CROSSED)
        result = backtest(rows, config(), max_steps=2)
        assert (result.total_trades, result.closed_trades) == (1, 0)
        assert result.stats.skipped_snapshots == 3
        assert result.stats.total_snapshots == 5
        assert result.stats.steps_processed == 2

    def test_a_file_of_nothing_else_has_no_trades_and_no_drawdown(self) -> None:
        result = backtest(file_of(*NOT_TRADABLE.values()), config(-1e9))
        assert result.stats.skipped_snapshots == len(NOT_TRADABLE)
        assert result.total_trades == 0
        assert result.max_drawdown_pct == 0.0
        assert result.final_balance_usd == 10_000.0
