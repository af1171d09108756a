"""Opens and closes trades, one snapshot at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from arbitrage.replay.model.closing_rules import ClosingRules
from arbitrage.replay.model.latency import Flight, Order
from arbitrage.replay.model.needed_columns import check_columns
from arbitrage.replay.model.size import DisplayedSize
from arbitrage.replay.model.trade import ArbitrageTrade, Side, entry_spread_bps

if TYPE_CHECKING:
    from arbitrage.data.quote_row import OrderBookSnapshot
    from arbitrage.replay.model.engine_config import ArbitrageConfig

# Changes with every change of a figure: results of different engine versions are never mixed.
ENGINE_VERSION = "2"


@dataclass(frozen=True, slots=True)
class ArbitrageOpportunity:
    """A spread worth trading. `net_edge_bps` is what is left after one execution's cost."""

    timestamp: str
    side: Side
    spread_bps: float
    gross_edge_bps: float
    net_edge_bps: float
    notional_usd: float


class ArbitrageEngine:
    """Opens and closes trades as snapshots arrive; keeps no more than the trades and the orders."""

    def __init__(self, config: ArbitrageConfig) -> None:
        self.config = config
        self._open_trades: list[ArbitrageTrade] = []
        self._threshold_bps = config.threshold_bps
        self.limits_age = config.max_quote_age_ms is not None
        self._closing_rules = ClosingRules.of(config)
        self._flight = Flight(config)
        self._needs_times = self._flight.takes_time or self._closing_rules.holding_ns is not None
        self._size = DisplayedSize(config)

    def get_open_trades(self) -> list[ArbitrageTrade]:
        """The open trades, oldest first, in a list of the caller's own."""
        return list(self._open_trades)

    def is_stale(self, snapshot: OrderBookSnapshot) -> bool:
        """Whether a quote is older than the config allows; one of unknown age is.

        Raises:
            DataError: (a `ValueError`) The row has no ages, and the config asks for them.
        """
        limit_ms = self.config.max_quote_age_ms
        if limit_ms is None:
            return False
        ages_ms = snapshot.age_a_ms, snapshot.age_b_ms
        if None in ages_ms:
            check_columns("max_quote_age_ms", snapshot.columns)
        return not all(age_ms <= limit_ms for age_ms in ages_ms if age_ms is not None)

    def is_tradable(self, snapshot: OrderBookSnapshot) -> bool:
        """Whether this config may look at the row at all."""
        return snapshot.is_tradable and not (self.limits_age and self.is_stale(snapshot))

    def detect_opportunity(self, snapshot: OrderBookSnapshot) -> ArbitrageOpportunity | None:
        """The better side's opportunity, or None below the threshold or on a row not tradable."""
        return self._opportunity(snapshot) if self.is_tradable(snapshot) else None

    def _opportunity(self, snapshot: OrderBookSnapshot) -> ArbitrageOpportunity | None:
        spread_ab = entry_spread_bps(snapshot.best_ask_a, snapshot.best_bid_b)
        spread_ba = entry_spread_bps(snapshot.best_ask_b, snapshot.best_bid_a)
        is_ab = spread_ab >= spread_ba
        spread = spread_ab if is_ab else spread_ba
        if not spread >= self._threshold_bps:
            return None
        side = Side.LONG_A_SHORT_B if is_ab else Side.LONG_B_SHORT_A
        return ArbitrageOpportunity(
            timestamp=snapshot.timestamp,
            side=side,
            spread_bps=spread,
            gross_edge_bps=spread,
            net_edge_bps=spread - self.config.cost_bps,
            notional_usd=self._size.notional_usd(side, snapshot),
        )

    def on_snapshot(self, snapshot: OrderBookSnapshot) -> list[ArbitrageTrade]:
        """Land, close, then open, on one row; the trades that were opened or closed, in order."""
        if not self.is_tradable(snapshot):
            return []
        self._size.see(snapshot)
        changed: list[ArbitrageTrade] = []
        if self._flight.takes_time:
            landed = self._flight.land(snapshot)
            changed += [self._take_effect(order, snapshot) for order in landed]
        changed += self._close(snapshot)
        changed += self._open(snapshot)
        return changed

    def _close(self, snapshot: OrderBookSnapshot) -> list[ArbitrageTrade]:
        """Decide which trades are to be closed; those that are closed at once."""
        if not self._open_trades:
            return []
        orders = []
        for trade in self._open_trades:
            if trade.is_leaving:
                continue
            if reason := self._closing_rules.reason_to_close(trade, snapshot):
                trade.is_leaving, trade.ended_by = True, reason
                orders.append(self._order(trade, snapshot, opens=False))
        return self._send(orders, snapshot)

    def _open(self, snapshot: OrderBookSnapshot) -> list[ArbitrageTrade]:
        """Decide whether a trade is to be opened; it, if it is opened at once."""
        if len(self._open_trades) + self._flight.entries >= self.config.max_open_trades:
            return []
        opportunity = self._opportunity(snapshot)
        if opportunity is None or not opportunity.notional_usd > 0:
            return []
        if self._size.is_hit(opportunity.side):
            return []
        self._size.hit(opportunity.side, snapshot)
        trade = ArbitrageTrade(
            open_timestamp=snapshot.timestamp,
            side=opportunity.side,
            notional_usd=opportunity.notional_usd,
            decision_spread_bps=opportunity.spread_bps,
        )
        return self._send([self._order(trade, snapshot, opens=True)], snapshot)

    def _order(self, trade: ArbitrageTrade, snapshot: OrderBookSnapshot, *, opens: bool) -> Order:
        decided_ns = snapshot.moment_ns if self._needs_times else 0
        return Order(trade, opens, decided_ns, met_a=snapshot, met_b=snapshot)

    def _send(self, orders: list[Order], snapshot: OrderBookSnapshot) -> list[ArbitrageTrade]:
        """Send the orders of a row; the trades that they open or close on this very row."""
        if not self._flight.takes_time:
            return [self._take_effect(order, snapshot) for order in orders]
        for order in orders:
            self._flight.send(order)
        return []

    def _take_effect(self, order: Order, snapshot: OrderBookSnapshot) -> ArbitrageTrade:
        """Open or close the order's trade, at the quotes that it met."""
        if order.opens:
            self._fill(order, snapshot)
        else:
            self._close_out(order, snapshot)
        return order.trade

    def _fill(self, order: Order, snapshot: OrderBookSnapshot) -> None:
        trade, met = order.trade, order.met
        is_ab = trade.side == Side.LONG_A_SHORT_B
        trade.open_timestamp = snapshot.timestamp
        trade.decided_ns = order.decided_ns
        trade.entry_price = met.best_ask_a if is_ab else met.best_ask_b
        trade.short_entry_price = met.best_bid_b if is_ab else met.best_bid_a
        trade.entry_spread_bps = trade.spread_on(met)
        self._open_trades.append(trade)

    def _close_out(self, order: Order, snapshot: OrderBookSnapshot) -> None:
        trade, met, config = order.trade, order.met, self.config
        is_ab = trade.side == Side.LONG_A_SHORT_B
        trade.long_exit_price = met.best_bid_a if is_ab else met.best_bid_b
        trade.short_exit_price = met.best_ask_b if is_ab else met.best_ask_a
        trade.exceeds_size = self._size.is_exceeded(trade, met)
        trade.is_leaving = False
        trade.close(
            snapshot.timestamp,
            trade.exit_spread_on(met),
            2 * config.taker_fee_a_bps,  # both executions pay
            2 * config.taker_fee_b_bps,
            2 * config.slippage_bps,
        )
        self._open_trades = [other for other in self._open_trades if other.is_open]
