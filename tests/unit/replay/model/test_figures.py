"""The figures, and why they rank: the model by example (docs/model.md), one rule a test."""

from __future__ import annotations

from collections.abc import Sequence

from arbitrage.arbitrage_backtest import ArbitrageBacktester, BacktestConfig, BacktestResult
from arbitrage.arbitrage_core import ArbitrageEngine, OrderBookSnapshot
from tests.unit.replay.model.ticks import (
    A_CHEAP,
    CLOSES_BADLY,
    CLOSES_FLAT,
    CLOSES_WELL,
    CROSSED,
    backtest,
    config,
    file_of,
    net_usd,
    row,
)


class TestFigures:
    def test_win_rate_and_average_count_closed_trades_only(self) -> None:
        """+37.5, 0 and -150 USD closed, one more trade open."""
        rows = file_of(A_CHEAP, CLOSES_WELL, A_CHEAP, CLOSES_FLAT, A_CHEAP, CLOSES_BADLY, A_CHEAP)
        result = backtest(rows, config())
        assert (result.total_trades, result.closed_trades, result.open_trades) == (4, 3, 1)
        assert result.realized_pnl_usd == -112.5
        assert result.win_rate == 1 / 3
        assert result.avg_pnl_per_trade_usd == -37.5

    def test_win_rate_and_average_are_zero_with_no_closed_trade(self) -> None:
        result = backtest(file_of(A_CHEAP), config())
        assert (result.closed_trades, result.open_trades) == (0, 1)
        assert result.win_rate == 0.0
        assert result.avg_pnl_per_trade_usd == 0.0

    def test_a_losing_trade_lost_money_and_a_flat_one_neither_won_nor_lost(self) -> None:
        rows = file_of(A_CHEAP, CLOSES_WELL, A_CHEAP, CLOSES_FLAT, A_CHEAP, CLOSES_BADLY)
        stats = backtest(rows, config()).stats
        assert (stats.winning_trades, stats.losing_trades) == (1, 1)

    def test_realized_profit_adds_up_in_closing_order(self) -> None:
        """Three trades close on one row; their sum is the plain one, left to right."""
        rows = file_of(
            row(a=(99.7, 100.1), b=(103.4, 104.4)),
            row(a=(99.7, 100.1), b=(102.5, 104.4)),
            row(a=(99.7, 100.1), b=(103.9, 104.4)),
            row(a=(99.9, 100.1), b=(99.9, 100.1)),
        )
        engine = ArbitrageEngine(config(1.0, fee_a_bps=1.3, slots=3))
        for snapshot in rows[:-1]:
            engine.on_snapshot(snapshot)
        first, second, third = (trade.pnl_usd for trade in engine.on_snapshot(rows[-1]))

        result = backtest(rows, config(1.0, fee_a_bps=1.3, slots=3))
        assert result.realized_pnl_usd == first + second + third
        assert first + second + third != third + second + first

    def test_stats_are_read_by_attribute_and_by_key(self) -> None:
        stats = backtest(file_of(A_CHEAP, CROSSED, CLOSES_BADLY), config()).stats
        for name, value in {
            "steps_processed": 3,
            "total_snapshots": 3,
            "skipped_snapshots": 1,
            "winning_trades": 0,
            "losing_trades": 1,
        }.items():
            assert stats[name] == getattr(stats, name) == value

    def test_no_rows_give_no_trades_and_the_balance_untouched(self) -> None:
        result = backtest([], config())
        assert (result.total_trades, result.open_trades) == (0, 0)
        assert result.final_balance_usd == 10_000.0
        assert result.max_drawdown_pct == 0.0
        assert result.stopped_row is None

    def test_the_initial_balance_is_the_base_of_balance_and_drawdown(self) -> None:
        run_config = BacktestConfig(initial_balance_usd=2_500.0)
        backtester = ArbitrageBacktester(ArbitrageEngine(config()), run_config)
        result = backtester.run(file_of(A_CHEAP, CLOSES_WELL))
        assert result.final_balance_usd == 2_537.5
        assert result.max_drawdown_pct == 4.0

    def test_engine_and_backtester_keep_what_they_were_made_from(self) -> None:
        arb_config, run_config = config(), BacktestConfig()
        engine = ArbitrageEngine(arb_config)
        backtester = ArbitrageBacktester(engine, run_config)
        assert engine.config is arb_config
        assert backtester.arb_engine is engine
        assert backtester.config is run_config


class TestRanking:
    """Why the default rank is by net profit."""

    @staticmethod
    def market(spread_bps: float) -> OrderBookSnapshot:
        """Books one basis point wide, B's bid ``spread_bps`` above A's ask."""
        bid_b = 100 * (1 + spread_bps / 10_000)
        return row(a=(99.99, 100.0), b=(bid_b, bid_b + 0.01))

    def run(
        self, spreads_bps: Sequence[float], threshold_bps: float, stop_pct: float | None = None
    ) -> BacktestResult:
        rows = file_of(*(self.market(spread) for spread in spreads_bps))
        return backtest(rows, config(threshold_bps, position_usd=10_000.0), stop_pct=stop_pct)

    def test_an_open_loser_ranks_first_by_realized_but_not_by_net_profit(self) -> None:
        """Both take the 100 bps.

        The eager one banks 30 more, enters at 30 again, and sits at the end on a spread that went
        to 89 against it.
        """
        spreads = [100, -5, 30, -5, 30, 89]
        eager, patient = self.run(spreads, 25), self.run(spreads, 90)

        assert (eager.open_trades, patient.open_trades) == (1, 0)
        assert eager.realized_pnl_usd > patient.realized_pnl_usd
        assert net_usd(eager) < net_usd(patient)

    def test_a_run_frozen_by_its_stop_ranks_first_by_realized_but_not_by_net_profit(self) -> None:
        """The same market, which goes on; but the eager one is stopped at its loss."""
        spreads = [100, -5, 30, -5, 30, 89, -5]
        eager, patient = self.run(spreads, 25, stop_pct=0.5), self.run(spreads, 90)

        assert (eager.stopped_row, eager.open_trades) == (5, 1)
        assert eager.realized_pnl_usd > patient.realized_pnl_usd
        assert net_usd(eager) < net_usd(patient)
