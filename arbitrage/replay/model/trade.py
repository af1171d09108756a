"""One position over both venues, and what it comes to after fees and slippage."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arbitrage.data.quote_row import OrderBookSnapshot

BPS = 10_000


class Side(StrEnum):
    """Which venue is bought and which is sold. Compares equal to its text."""

    LONG_A_SHORT_B = "LONG_A_SHORT_B"
    LONG_B_SHORT_A = "LONG_B_SHORT_A"

    @property
    def entry_legs(self) -> tuple[str, str]:
        """The quotes that opening takes: the ask of the long leg, the bid of the short leg."""
        return ("ask_a", "bid_b") if self is Side.LONG_A_SHORT_B else ("ask_b", "bid_a")

    @property
    def exit_legs(self) -> tuple[str, str]:
        """The quotes that closing takes: the bid of the long leg, the ask of the short leg."""
        return ("bid_a", "ask_b") if self is Side.LONG_A_SHORT_B else ("bid_b", "ask_a")


class EndedBy(StrEnum):
    """Why a trade was closed: by its spread, or by the time that it was held; or that it is open.

    Where both hold on one row, it is the spread.
    """

    REVERSAL = "reversal"
    HOLDING = "holding"
    OPEN = "open"


@dataclass(slots=True)
class ArbitrageTrade:
    """One position over both venues. `entry_price` is the ask paid for the long leg.

    Attributes:
        decided_ns: When it was decided to open it.
        is_leaving: Whether an order to close it is on its way.
        exceeds_size: Whether closing took more than the share of a displayed size; None where
            sizes do not matter, or before it is closed.
        decision_spread_bps: The spread for which it was opened. Latency is what makes
            `entry_spread_bps`, the one that was met, another.
        short_entry_price: The bid that the short leg was sold at.
        long_exit_price, short_exit_price: The bid that the long leg was sold at, and the ask that
            the short leg was bought back at; None before it is closed.
        ended_by: Why it was decided to close it.
    """

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
    decided_ns: int = 0
    is_leaving: bool = False
    exceeds_size: bool | None = None
    decision_spread_bps: float = 0.0
    short_entry_price: float = 0.0
    long_exit_price: float | None = None
    short_exit_price: float | None = None
    ended_by: EndedBy = EndedBy.OPEN

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
