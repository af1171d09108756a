"""Orders on their way: from a decision to the quotes that it meets, and to its effect.

A decision on row d meets at a venue the quote of the last tradable row with `t <= t_d + latency`,
the latency being that venue's, and of row d itself where it is 0. It takes effect before the first
tradable row with `t > t_d + flight`, the flight being the longer latency; where both are 0 it does
so on row d.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from arbitrage.replay.model.times import ns_of_ms

if TYPE_CHECKING:
    from arbitrage.data.quote_row import OrderBookSnapshot
    from arbitrage.replay.model.engine_config import ArbitrageConfig
    from arbitrage.replay.model.trade import ArbitrageTrade


@dataclass(slots=True)
class Order:
    """A decision to open or to close a trade, and the quotes that it has met so far.

    Attributes:
        trade: The trade to close, or the one to open, which has neither price nor spread yet.
        opens: Whether it is to be opened.
        met_a, met_b: The rows whose quotes it met on venue A and on venue B.
    """

    trade: ArbitrageTrade
    opens: bool
    decided_ns: int
    met_a: OrderBookSnapshot
    met_b: OrderBookSnapshot

    @property
    def met(self) -> OrderBookSnapshot:
        """Both venues' quotes that it met, as one row."""
        return self.met_a.with_venue_b_of(self.met_b)


class Flight:
    """The orders of one config that have no effect yet, in the order of their decisions.

    Attributes:
        takes_time: Whether an order takes effect later than on the row of its decision.
    """

    def __init__(self, config: ArbitrageConfig) -> None:
        self._latency_a_ns = ns_of_ms(config.latency_a_ms)
        self._latency_b_ns = ns_of_ms(config.latency_b_ms)
        self._flight_ns = max(self._latency_a_ns, self._latency_b_ns)
        self._orders: deque[Order] = deque()
        self.takes_time = self._flight_ns > 0

    @property
    def entries(self) -> int:
        """How many orders are to open a trade: each holds a slot."""
        return sum(order.opens for order in self._orders) if self._orders else 0

    def send(self, order: Order) -> None:
        """Send an order, the decision being of the row that was last passed to `land`."""
        self._orders.append(order)

    def land(self, snapshot: OrderBookSnapshot) -> list[Order]:
        """The orders that take effect before this tradable row; the others may meet its quotes."""
        if not self._orders:
            return []
        now, landed = snapshot.moment_ns, []
        while self._orders and now > self._orders[0].decided_ns + self._flight_ns:
            landed.append(self._orders.popleft())
        for order in self._orders:
            if 0 < self._latency_a_ns >= now - order.decided_ns:
                order.met_a = snapshot
            if 0 < self._latency_b_ns >= now - order.decided_ns:
                order.met_b = snapshot
        return landed
