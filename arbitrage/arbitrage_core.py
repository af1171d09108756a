"""The trading model, one snapshot at a time: the readable definition of what arbtune computes.

Two venues quote the same instrument. When one venue's bid stands above the other's ask, buying
there and selling here earns the difference; the trade is undone when that difference has turned
negative. Every faster path in this package must agree with this file to the last bit, so the order
of the floating-point operations here is part of the definition.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

BPS = 10_000

# Changes with every change of a figure: results of different engine versions are never mixed.
ENGINE_VERSION = "1"


class Side(StrEnum):
    """Which venue is bought and which is sold. Compares equal to its text."""

    LONG_A_SHORT_B = "LONG_A_SHORT_B"
    LONG_B_SHORT_A = "LONG_B_SHORT_A"


class OrderBookSnapshot(NamedTuple):
    """Best bid and ask of both venues at one moment; prices in the quote currency.

    A tuple rather than a dataclass: a backtest makes one per row, and a tuple takes a fifth of
    the time to make.
    """

    timestamp: str
    best_bid_a: float
    best_ask_a: float
    best_bid_b: float
    best_ask_b: float

    @property
    def is_tradable(self) -> bool:
        """Whether all four prices are finite and positive and no book is crossed or locked.

        In a chain of comparisons a NaN makes every link false; the upper bound keeps infinity out.
        """
        return (
            0.0 < self.best_bid_a < self.best_ask_a < math.inf
            and 0.0 < self.best_bid_b < self.best_ask_b < math.inf
        )


@dataclass(frozen=True, slots=True)
class ArbitrageConfig:
    """What the engine needs to know. Fees, slippage and spreads in bps, the position in USD."""

    min_spread_bps: float
    taker_fee_a_bps: float
    taker_fee_b_bps: float
    slippage_bps: float
    max_position_usd: float
    max_open_trades: int = 1
    close_on_spread_reversal: bool = True

    @property
    def cost_bps(self) -> float:
        """Cost of one execution of both legs, in bps."""
        return self.taker_fee_a_bps + self.taker_fee_b_bps + self.slippage_bps

    @property
    def threshold_bps(self) -> float:
        """The entry spread from which a trade opens, in bps."""
        return self.min_spread_bps + self.cost_bps


@dataclass(frozen=True, slots=True)
class ArbitrageOpportunity:
    """A spread worth trading. `net_edge_bps` is what is left after one execution's cost."""

    timestamp: str
    side: Side
    spread_bps: float
    gross_edge_bps: float
    net_edge_bps: float
    notional_usd: float


@dataclass(slots=True)
class ArbitrageTrade:
    """One position over both venues. `entry_price` is the ask paid for the long leg."""

    open_timestamp: str
    side: Side = Side.LONG_A_SHORT_B
    entry_spread_bps: float = 0.0
    notional_usd: float = 0.0
    entry_price: float = 0.0
    close_timestamp: str | None = None
    exit_spread_bps: float | None = None
    pnl_usd: float = 0.0
    pnl_bps: float = 0.0
    is_open: bool = True
    meta: dict[str, Any] = field(default_factory=dict)

    def spread_on(self, snapshot: OrderBookSnapshot) -> float:
        """The entry spread of the trade's side on `snapshot`, in bps; below zero it reversed."""
        if self.side == Side.LONG_A_SHORT_B:
            return entry_spread_bps(snapshot.best_ask_a, snapshot.best_bid_b)
        return entry_spread_bps(snapshot.best_ask_b, snapshot.best_bid_a)

    def exit_spread_on(self, snapshot: OrderBookSnapshot) -> float:
        """What undoing this trade on `snapshot` costs, in bps of the entry price.

        The long leg is sold at the bid, the short leg is bought back at the ask.
        """
        if self.side == Side.LONG_A_SHORT_B:
            return (snapshot.best_ask_b - snapshot.best_bid_a) / self.entry_price * BPS
        return (snapshot.best_ask_a - snapshot.best_bid_b) / self.entry_price * BPS

    def pnl_bps_at(self, exit_spread_bps: float, cost_bps: float) -> float:
        """Profit in bps if undone at `exit_spread_bps`; `cost_bps` is that of the whole life."""
        return self.entry_spread_bps - exit_spread_bps - cost_bps

    def pnl_usd_at(self, exit_spread_bps: float, cost_bps: float) -> float:
        """The same in USD."""
        return self.pnl_bps_at(exit_spread_bps, cost_bps) / BPS * self.notional_usd

    def close(
        self,
        close_timestamp: str,
        exit_spread_bps: float,
        taker_fee_a_bps: float,
        taker_fee_b_bps: float,
        slippage_bps: float,
    ) -> None:
        """Close at `exit_spread_bps`. The costs are those of the trade's whole life, in bps."""
        cost_bps = taker_fee_a_bps + taker_fee_b_bps + slippage_bps
        self.close_timestamp = close_timestamp
        self.exit_spread_bps = exit_spread_bps
        self.pnl_bps = self.pnl_bps_at(exit_spread_bps, cost_bps)
        self.pnl_usd = self.pnl_usd_at(exit_spread_bps, cost_bps)
        self.is_open = False


def entry_spread_bps(ask_long: float, bid_short: float) -> float:
    """What opening earns at executable prices, in bps of the price paid for the long leg."""
    return (bid_short - ask_long) / ask_long * BPS


class ArbitrageEngine:
    """Opens and closes trades as snapshots arrive; keeps no more than the open trades."""

    def __init__(self, config: ArbitrageConfig) -> None:
        self.config = config
        self._open_trades: list[ArbitrageTrade] = []
        self._threshold_bps = config.threshold_bps

    def get_open_trades(self) -> list[ArbitrageTrade]:
        """The open trades, oldest first, in a list of the caller's own."""
        return list(self._open_trades)

    def detect_opportunity(self, snapshot: OrderBookSnapshot) -> ArbitrageOpportunity | None:
        """The better side's opportunity, or None below the threshold or on a row not tradable."""
        if not snapshot.is_tradable:
            return None
        spread_ab = entry_spread_bps(snapshot.best_ask_a, snapshot.best_bid_b)
        spread_ba = entry_spread_bps(snapshot.best_ask_b, snapshot.best_bid_a)
        is_ab = spread_ab >= spread_ba
        spread = spread_ab if is_ab else spread_ba
        if not spread >= self._threshold_bps:
            return None
        return ArbitrageOpportunity(
            timestamp=snapshot.timestamp,
            side=Side.LONG_A_SHORT_B if is_ab else Side.LONG_B_SHORT_A,
            spread_bps=spread,
            gross_edge_bps=spread,
            net_edge_bps=spread - self.config.cost_bps,
            notional_usd=self.config.max_position_usd,
        )

    def on_snapshot(self, snapshot: OrderBookSnapshot) -> list[ArbitrageTrade]:
        """Close, then open, on one row; the trades that it closed or opened, in that order."""
        if not snapshot.is_tradable:
            return []
        changed: list[ArbitrageTrade] = []
        if self.config.close_on_spread_reversal and self._open_trades:
            changed = self._close_reversed(snapshot)
        if len(self._open_trades) < self.config.max_open_trades:
            opportunity = self.detect_opportunity(snapshot)
            if opportunity is not None:
                changed.append(self._open(snapshot, opportunity))
        return changed

    def _close_reversed(self, snapshot: OrderBookSnapshot) -> list[ArbitrageTrade]:
        config = self.config
        reversed_ = [trade for trade in self._open_trades if trade.spread_on(snapshot) < 0]
        for trade in reversed_:
            trade.close(
                snapshot.timestamp,
                trade.exit_spread_on(snapshot),
                2 * config.taker_fee_a_bps,  # both executions pay
                2 * config.taker_fee_b_bps,
                2 * config.slippage_bps,
            )
        if reversed_:
            self._open_trades = [trade for trade in self._open_trades if trade.is_open]
        return reversed_

    def _open(
        self, snapshot: OrderBookSnapshot, opportunity: ArbitrageOpportunity
    ) -> ArbitrageTrade:
        is_ab = opportunity.side == Side.LONG_A_SHORT_B
        trade = ArbitrageTrade(
            open_timestamp=snapshot.timestamp,
            side=opportunity.side,
            entry_spread_bps=opportunity.spread_bps,
            notional_usd=opportunity.notional_usd,
            entry_price=snapshot.best_ask_a if is_ab else snapshot.best_ask_b,
        )
        self._open_trades.append(trade)
        return trade
