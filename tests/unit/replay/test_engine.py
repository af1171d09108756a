"""The trading model by example, one rule a test (docs/model.md).

Prices are multiples of 1/8 around 128 and a position is 6,400 USD, so that the expected figures
are exact: 1 tick of 1.0 is 78.125 bps of 128, and 78.125 bps of a position are 50 USD.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from arbitrage.arbitrage_backtest import ArbitrageBacktester, BacktestConfig, BacktestResult
from arbitrage.arbitrage_core import (
    ArbitrageConfig,
    ArbitrageEngine,
    ArbitrageOpportunity,
    ArbitrageTrade,
    OrderBookSnapshot,
)

Book = tuple[float, float]

TICK_BPS = 78.125
TICK_USD = 50.0
POSITION_USD = 6_400.0


def row(a: Book, b: Book, timestamp: str = "t") -> OrderBookSnapshot:
    """A snapshot from each venue's (bid, ask)."""
    return OrderBookSnapshot(timestamp, a[0], a[1], b[0], b[1])


def mirrored(snapshot: OrderBookSnapshot) -> OrderBookSnapshot:
    """The venues swapped."""
    timestamp, bid_a, ask_a, bid_b, ask_b = snapshot[:5]
    return OrderBookSnapshot(timestamp, bid_b, ask_b, bid_a, ask_a)


def at(timestamp: str, snapshot: OrderBookSnapshot) -> OrderBookSnapshot:
    return OrderBookSnapshot(timestamp, *snapshot[1:])


def file_of(*rows: OrderBookSnapshot) -> list[OrderBookSnapshot]:
    """The rows, timestamped t0, t1, ..."""
    return [at(f"t{index}", snapshot) for index, snapshot in enumerate(rows)]


# Buying on A and selling on B earns 1 tick here; closing at once would pay 3 ticks: worth -2.
A_CHEAP = row(a=(127, 128), b=(129, 130))
B_CHEAP = mirrored(A_CHEAP)
# Both spreads are negative, so every trade closes: buying back costs a quarter of a tick, ...
CLOSES_WELL = row(a=(127.75, 128), b=(127.75, 128))
# ... exactly what A_CHEAP earned, ...
CLOSES_FLAT = row(a=(127, 128), b=(127, 128))
# ... or 4 ticks, 3 more than A_CHEAP earned.
CLOSES_BADLY = row(a=(126, 128), b=(127, 130))
# The spread of A_CHEAP's side is exactly zero.
LEVEL = row(a=(127, 128), b=(128, 129))
CROSSED = row(a=(130, 128), b=(129, 130))

NOT_TRADABLE = {
    "a bid that is NaN": row(a=(math.nan, 128), b=(129, 130)),
    "an ask that is NaN": row(a=(127, 128), b=(129, math.nan)),
    "an infinite ask": row(a=(127, 128), b=(129, math.inf)),
    "an infinite bid": row(a=(127, 128), b=(-math.inf, 130)),
    "a bid of zero": row(a=(0.0, 128), b=(129, 130)),
    "a negative bid": row(a=(127, 128), b=(-1.0, 130)),
    "a negative book": row(a=(-128, -127), b=(129, 130)),
    "A locked": row(a=(128, 128), b=(129, 130)),
    "B locked": row(a=(127, 128), b=(129, 129)),
    "A crossed": CROSSED,
    "B crossed": row(a=(127, 128), b=(130, 129)),
}


def config(
    min_spread_bps: float = TICK_BPS,
    *,
    fee_a_bps: float = 0.0,
    fee_b_bps: float = 0.0,
    slippage_bps: float = 0.0,
    position_usd: float = POSITION_USD,
    slots: int = 1,
    closes: bool = True,
) -> ArbitrageConfig:
    """By default free of costs, with a threshold that A_CHEAP and B_CHEAP reach exactly."""
    return ArbitrageConfig(
        min_spread_bps=min_spread_bps,
        taker_fee_a_bps=fee_a_bps,
        taker_fee_b_bps=fee_b_bps,
        slippage_bps=slippage_bps,
        max_position_usd=position_usd,
        max_open_trades=slots,
        close_on_spread_reversal=closes,
    )


def opportunity_in(
    snapshot: OrderBookSnapshot, arb_config: ArbitrageConfig
) -> ArbitrageOpportunity | None:
    return ArbitrageEngine(arb_config).detect_opportunity(snapshot)


def found_opportunity(
    snapshot: OrderBookSnapshot, arb_config: ArbitrageConfig
) -> ArbitrageOpportunity:
    opportunity = opportunity_in(snapshot, arb_config)
    assert opportunity is not None
    return opportunity


def closed_trade(
    opening: OrderBookSnapshot, closing: OrderBookSnapshot, arb_config: ArbitrageConfig
) -> ArbitrageTrade:
    engine = ArbitrageEngine(arb_config)
    engine.on_snapshot(opening)
    trade, *_ = engine.on_snapshot(closing)
    assert not trade.is_open
    return trade


def net_usd(result: BacktestResult) -> float:
    assert result.net_pnl_usd is not None
    return result.net_pnl_usd


def backtest(
    rows: list[OrderBookSnapshot],
    arb_config: ArbitrageConfig,
    *,
    stop_pct: float | None = None,
    max_steps: int | None = None,
) -> BacktestResult:
    """A run with an account of 10,000 USD."""
    run_config = BacktestConfig(max_steps=max_steps, stop_on_drawdown_pct=stop_pct)
    return ArbitrageBacktester(ArbitrageEngine(arb_config), run_config).run(rows)


class TestOpportunity:
    def test_venue_a_is_bought_when_b_bids_more_than_a_asks(self) -> None:
        opportunity = found_opportunity(at("noon", A_CHEAP), config())
        assert opportunity.side == "LONG_A_SHORT_B"
        assert opportunity.spread_bps == TICK_BPS
        assert opportunity.timestamp == "noon"
        assert opportunity.notional_usd == POSITION_USD

    def test_venue_b_is_bought_when_a_bids_more_than_b_asks(self) -> None:
        opportunity = found_opportunity(B_CHEAP, config())
        assert opportunity.side == "LONG_B_SHORT_A"
        assert opportunity.spread_bps == TICK_BPS

    def test_the_spread_is_relative_to_the_price_paid_for_the_long_leg(self) -> None:
        """The same gain of 2 is 2 / 64 on a cheap long leg, whatever the short leg costs."""
        opportunity = found_opportunity(row(a=(63, 64), b=(66, 80)), config())
        assert opportunity.spread_bps == 2 / 64 * 10_000

    def test_the_better_side_counts_when_both_would_do(self) -> None:
        """Only a negative threshold lets both pass; A pays -2 ticks here and B -1."""
        both_negative = row(a=(127, 129), b=(127, 128))
        assert found_opportunity(both_negative, config(-1_000)).side == "LONG_B_SHORT_A"
        assert found_opportunity(mirrored(both_negative), config(-1_000)).side == "LONG_A_SHORT_B"

    def test_equal_spreads_go_to_the_side_that_buys_on_a(self) -> None:
        assert found_opportunity(CLOSES_FLAT, config(-1_000)).side == "LONG_A_SHORT_B"

    def test_the_threshold_is_inclusive(self) -> None:
        assert opportunity_in(A_CHEAP, config(TICK_BPS)) is not None
        assert opportunity_in(A_CHEAP, config(math.nextafter(TICK_BPS, math.inf))) is None

    @pytest.mark.parametrize("cost", ["fee_a_bps", "fee_b_bps", "slippage_bps"])
    def test_each_cost_of_one_execution_raises_the_threshold_once(self, cost: str) -> None:
        with_cost: dict[str, float] = {cost: 3.0}
        assert opportunity_in(A_CHEAP, config(TICK_BPS - 3.0, **with_cost)) is not None  # type: ignore[arg-type]
        assert opportunity_in(A_CHEAP, config(TICK_BPS - 2.875, **with_cost)) is None  # type: ignore[arg-type]

    def test_the_net_edge_is_the_spread_less_the_costs_of_one_execution(self) -> None:
        costly = config(20, fee_a_bps=4, fee_b_bps=2, slippage_bps=1)
        opportunity = found_opportunity(A_CHEAP, costly)
        assert opportunity.net_edge_bps == TICK_BPS - 7

    def test_the_gross_edge_is_the_spread(self) -> None:
        opportunity = found_opportunity(A_CHEAP, config(20, fee_a_bps=4))
        assert opportunity.gross_edge_bps == opportunity.spread_bps == TICK_BPS

    @pytest.mark.parametrize("name", NOT_TRADABLE)
    def test_a_row_that_is_not_tradable_offers_none(self, name: str) -> None:
        """Not even to a config that would take any spread at all."""
        assert opportunity_in(NOT_TRADABLE[name], config(-1e9)) is None

    def test_it_is_reported_whether_or_not_a_slot_is_free(self) -> None:
        engine = ArbitrageEngine(config(slots=1))
        engine.on_snapshot(A_CHEAP)
        assert engine.detect_opportunity(A_CHEAP) is not None
        assert engine.on_snapshot(A_CHEAP) == []

    def test_looking_opens_nothing(self) -> None:
        engine = ArbitrageEngine(config())
        engine.detect_opportunity(A_CHEAP)
        assert engine.get_open_trades() == []

    def test_a_side_equals_its_text(self) -> None:
        opportunity = found_opportunity(A_CHEAP, config())
        (trade,) = ArbitrageEngine(config()).on_snapshot(A_CHEAP)
        assert opportunity.side == trade.side == "LONG_A_SHORT_B"
        assert trade.side != "LONG_B_SHORT_A"
        assert str(trade.side) == "LONG_A_SHORT_B"


class TestOpening:
    @pytest.mark.parametrize(
        ("snapshot", "side"), [(A_CHEAP, "LONG_A_SHORT_B"), (B_CHEAP, "LONG_B_SHORT_A")]
    )
    def test_a_trade_opens_at_the_ask_of_the_long_leg(
        self, snapshot: OrderBookSnapshot, side: str
    ) -> None:
        (trade,) = ArbitrageEngine(config()).on_snapshot(at("noon", snapshot))
        assert trade.is_open
        assert trade.side == side
        assert trade.entry_spread_bps == TICK_BPS
        assert trade.entry_price == 128
        assert trade.notional_usd == POSITION_USD
        assert trade.open_timestamp == "noon"
        assert trade.close_timestamp is None

    def test_one_trade_opens_a_row_until_the_slots_are_full(self) -> None:
        engine = ArbitrageEngine(config(slots=2))
        opened = [len(engine.on_snapshot(A_CHEAP)) for _ in range(4)]
        assert opened == [1, 1, 0, 0]
        assert len(engine.get_open_trades()) == 2

    def test_a_spread_below_the_threshold_opens_nothing(self) -> None:
        assert ArbitrageEngine(config(TICK_BPS + 0.125)).on_snapshot(A_CHEAP) == []

    def test_open_trades_come_as_a_copy_oldest_first(self) -> None:
        engine = ArbitrageEngine(config(slots=2))
        for snapshot in file_of(A_CHEAP, A_CHEAP):
            engine.on_snapshot(snapshot)
        engine.get_open_trades().clear()
        assert [trade.open_timestamp for trade in engine.get_open_trades()] == ["t0", "t1"]


class TestClosing:
    def test_a_trade_closes_when_the_spread_of_its_side_is_negative(self) -> None:
        trade = closed_trade(A_CHEAP, at("later", CLOSES_WELL), config())
        assert trade.close_timestamp == "later"
        assert trade.exit_spread_bps == TICK_BPS / 4

    def test_a_spread_of_exactly_zero_closes_nothing(self) -> None:
        engine = ArbitrageEngine(config())
        engine.on_snapshot(A_CHEAP)
        assert engine.on_snapshot(LEVEL) == []
        assert len(engine.get_open_trades()) == 1

    def test_it_is_the_spread_of_the_own_side_that_counts(self) -> None:
        """With B cheap the side that bought on A has reversed, however good the other one is."""
        trade = closed_trade(A_CHEAP, B_CHEAP, config())
        assert trade.side == "LONG_A_SHORT_B"

    @pytest.mark.parametrize(
        ("opening", "closing"),
        [(A_CHEAP, CLOSES_BADLY), (B_CHEAP, mirrored(CLOSES_BADLY))],
        ids=["LONG_A_SHORT_B", "LONG_B_SHORT_A"],
    )
    def test_the_long_leg_is_sold_at_the_bid_and_the_short_leg_bought_at_the_ask(
        self, opening: OrderBookSnapshot, closing: OrderBookSnapshot
    ) -> None:
        """Bought back at 130, sold at 126: 4 of the 128 paid at the open."""
        trade = closed_trade(opening, closing, config())
        assert trade.exit_spread_bps == 4 * TICK_BPS
        assert trade.pnl_bps == -3 * TICK_BPS
        assert trade.pnl_usd == -3 * TICK_USD

    def test_the_exit_is_relative_to_the_entry_price_not_to_the_price_of_the_day(self) -> None:
        """Prices have doubled since the open; the loss of 2 is still one of the 128 paid."""
        trade = closed_trade(A_CHEAP, row(a=(254, 256), b=(254, 256)), config())
        assert trade.exit_spread_bps == 2 * TICK_BPS

    @pytest.mark.parametrize("cost", ["fee_a_bps", "fee_b_bps", "slippage_bps"])
    def test_both_executions_pay_each_cost(self, cost: str) -> None:
        """Here 8 bps twice, and 16 bps are 10.24 USD."""
        with_cost: dict[str, float] = {cost: 8.0}
        trade = closed_trade(A_CHEAP, CLOSES_FLAT, config(20, **with_cost))  # type: ignore[arg-type]
        assert trade.pnl_bps == -16.0
        assert trade.pnl_usd == pytest.approx(-10.24, rel=1e-15)

    def test_the_oldest_trade_closes_first(self) -> None:
        engine = ArbitrageEngine(config(slots=3))
        for snapshot in file_of(A_CHEAP, A_CHEAP, A_CHEAP):
            engine.on_snapshot(snapshot)
        closed = engine.on_snapshot(CLOSES_WELL)
        assert [trade.open_timestamp for trade in closed] == ["t0", "t1", "t2"]
        assert engine.get_open_trades() == []

    def test_a_reversal_closes_first_and_reuses_the_slot_on_the_same_row(self) -> None:
        engine = ArbitrageEngine(config(slots=1))
        engine.on_snapshot(A_CHEAP)
        closed, opened = engine.on_snapshot(B_CHEAP)
        assert (closed.side, closed.is_open) == ("LONG_A_SHORT_B", False)
        assert (opened.side, opened.is_open) == ("LONG_B_SHORT_A", True)
        assert engine.get_open_trades() == [opened]

    def test_a_trade_never_closes_on_the_row_that_opens_it(self) -> None:
        """Not even at a negative spread, which only a negative threshold lets in."""
        engine = ArbitrageEngine(config(-1_000))
        (opened,) = engine.on_snapshot(CLOSES_FLAT)
        assert opened.is_open

    def test_without_closing_on_reversal_a_trade_stays_open_to_the_end(self) -> None:
        rows = file_of(A_CHEAP, CLOSES_WELL, B_CHEAP, CLOSES_WELL)
        result = backtest(rows, config(slots=2, closes=False))
        assert (result.total_trades, result.closed_trades, result.open_trades) == (2, 0, 2)
        assert result.realized_pnl_usd == 0.0
        assert result.unrealized_pnl_usd == 2 * 0.75 * TICK_USD

    @pytest.mark.parametrize("name", NOT_TRADABLE)
    def test_a_row_that_is_not_tradable_closes_and_opens_nothing(self, name: str) -> None:
        for snapshot in (NOT_TRADABLE[name], mirrored(NOT_TRADABLE[name])):
            engine = ArbitrageEngine(config(slots=5))
            engine.on_snapshot(A_CHEAP)
            engine.on_snapshot(A_CHEAP)
            assert engine.on_snapshot(snapshot) == []
            assert len(engine.get_open_trades()) == 2


class TestTrade:
    def test_it_needs_only_the_time_it_opened(self) -> None:
        trade = ArbitrageTrade(open_timestamp="t0")
        assert trade.is_open
        assert trade.close_timestamp is None
        assert trade.exit_spread_bps is None

    def test_each_has_its_own_meta(self) -> None:
        first, second = ArbitrageTrade(open_timestamp="t0"), ArbitrageTrade(open_timestamp="t0")
        first.meta["note"] = "mine"
        assert second.meta == {}

    def test_closing_takes_the_costs_of_the_whole_life(self) -> None:
        """50 earned at the entry, 12 paid at the exit, 10 + 6 + 4 of costs: 18 bps are left."""
        trade = ArbitrageTrade(open_timestamp="t0", entry_spread_bps=50.0, notional_usd=5_000.0)
        trade.close("t1", 12.0, 10.0, 6.0, 4.0)
        assert not trade.is_open
        assert trade.close_timestamp == "t1"
        assert trade.exit_spread_bps == 12.0
        assert trade.pnl_bps == 18.0
        assert trade.pnl_usd == pytest.approx(9.0, rel=1e-15)

    def test_its_arguments_have_names(self) -> None:
        trade = ArbitrageTrade(open_timestamp="t0", entry_spread_bps=50.0, notional_usd=10_000.0)
        trade.close(
            close_timestamp="t1",
            exit_spread_bps=80.0,
            taker_fee_a_bps=1.0,
            taker_fee_b_bps=2.0,
            slippage_bps=3.0,
        )
        assert trade.pnl_bps == -36.0


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
