"""How trades open, close and earn: the model by example (docs/model.md), one rule a test."""

from __future__ import annotations

import math

import pytest

from arbitrage.arbitrage_core import ArbitrageEngine, ArbitrageTrade, OrderBookSnapshot
from tests.unit.replay.model.ticks import (
    A_CHEAP,
    B_CHEAP,
    CLOSES_BADLY,
    CLOSES_FLAT,
    CLOSES_WELL,
    LEVEL,
    NOT_TRADABLE,
    POSITION_USD,
    TICK_BPS,
    TICK_USD,
    at,
    backtest,
    closed_trade,
    config,
    file_of,
    found_opportunity,
    mirrored,
    opportunity_in,
    row,
)


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
