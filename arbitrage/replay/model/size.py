"""What of a displayed size a trade may take, and which quotes have been hit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arbitrage.replay.model.needed_columns import check_columns

if TYPE_CHECKING:
    from arbitrage.data.quote_row import OrderBookSnapshot
    from arbitrage.replay.model.engine_config import ArbitrageConfig
    from arbitrage.replay.model.trade import ArbitrageTrade, Side

Quote = tuple[float, float]
"""A price and its displayed size."""


_LEGS = [(f"{kind}_{venue}", kind, venue) for venue in "ab" for kind in ("bid", "ask")]


class DisplayedSize:
    """The sizes as one config respects them. Without `size_share` they do not matter.

    Opening hits the ask of the long leg and the bid of the short leg. A quote that was hit stays so
    until its price or its size changes from one tradable row to the next.
    """

    def __init__(self, config: ArbitrageConfig) -> None:
        self._share = config.size_share
        self._least_usd = config.min_position_usd
        self._most_usd = config.max_position_usd
        self._hit: dict[str, Quote] = {}

    def see(self, snapshot: OrderBookSnapshot) -> None:
        """Take note of the quotes of a tradable row: what has changed may be hit again.

        Raises:
            DataError: The row has no sizes, and the config asks for them.
        """
        if self._share is None:
            return
        if None in snapshot:
            check_columns("size_share", snapshot.columns)
        for leg, quote in [*self._hit.items()]:
            if _quotes(snapshot)[leg] != quote:
                del self._hit[leg]

    def notional_usd(self, side: Side, snapshot: OrderBookSnapshot) -> float:
        """The notional of a trade that is opened on this row; 0.0 where the sizes allow none."""
        if self._share is None:
            return self._most_usd
        ask, bid = (_quotes(snapshot)[leg] for leg in side.entry_legs)
        notional = min(self._most_usd, (self._share * min(ask[1], bid[1])) * ask[0])
        return notional if notional >= self._least_usd else 0.0

    def is_hit(self, side: Side) -> bool:
        """Whether one of the two quotes that opening takes was hit and has not changed since."""
        return any(leg in self._hit for leg in side.entry_legs)

    def hit(self, side: Side, snapshot: OrderBookSnapshot) -> None:
        """A trade is opened on this row."""
        if self._share is not None:
            for leg in side.entry_legs:
                self._hit[leg] = _quotes(snapshot)[leg]

    def is_exceeded(self, trade: ArbitrageTrade, met: OrderBookSnapshot) -> bool | None:
        """Whether closing takes more than the share of a size that it met; None without a share."""
        if self._share is None:
            return None
        quantity = trade.notional_usd / trade.entry_price
        quotes = _quotes(met)
        return any(quantity > self._share * quotes[leg][1] for leg in trade.side.exit_legs)


def _quotes(snapshot: OrderBookSnapshot) -> dict[str, Quote]:
    """The quotes of a row that has sizes."""
    return {
        leg: (getattr(snapshot, f"best_{leg}"), getattr(snapshot, f"{kind}_size_{venue}"))
        for leg, kind, venue in _LEGS
    }
