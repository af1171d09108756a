"""When an open trade is to be closed: by its spread, or by the time that it has been held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from arbitrage.replay.model.times import ns_of_seconds
from arbitrage.replay.model.trade import EndedBy

if TYPE_CHECKING:
    from arbitrage.data.quote_row import OrderBookSnapshot
    from arbitrage.replay.model.engine_config import ArbitrageConfig
    from arbitrage.replay.model.trade import ArbitrageTrade


@dataclass(frozen=True, slots=True)
class ClosingRules:
    """The rules of one config.

    Attributes:
        spread_bps: A trade whose side's spread is below this closes; None where none closes so.
        holding_ns: A trade closes when so much time has passed since the decision to open it.
    """

    spread_bps: float | None
    holding_ns: int | None

    @classmethod
    def of(cls, config: ArbitrageConfig) -> Self:
        seconds = config.max_holding_seconds
        return cls(
            spread_bps=config.exit_spread_bps if config.close_on_spread_reversal else None,
            holding_ns=None if seconds is None else ns_of_seconds(seconds),
        )

    def reason_to_close(self, trade: ArbitrageTrade, snapshot: OrderBookSnapshot) -> EndedBy | None:
        """Why the trade is to be closed on this row, or None where it is not."""
        if self.spread_bps is not None and trade.spread_on(snapshot) < self.spread_bps:
            return EndedBy.REVERSAL
        if self.holding_ns is None or snapshot.moment_ns < trade.decided_ns + self.holding_ns:
            return None
        return EndedBy.HOLDING
