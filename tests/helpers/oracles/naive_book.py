"""The replay of a book once more, slow and obvious: the oracle of the compiled one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Quote = tuple[int, float | None, float | None, float | None, float | None]
"""(stamp, bid, bid_size, ask, ask_size); None where a side is empty."""


@dataclass(frozen=True)
class Message:
    """What a venue says of its book."""

    stamp: int
    levels: list[tuple[bool, float, float]]
    """Is it a bid, the price, the size."""
    is_snapshot: bool = False
    sequence: int | None = None
    follows: int | None = None


@dataclass
class NaiveBook:
    """Two dictionaries: price to size and to the number of the change that set it."""

    bids: dict[float, tuple[float, int]] = field(default_factory=dict)
    asks: dict[float, tuple[float, int]] = field(default_factory=dict)
    is_known: bool = False
    last: int | None = None
    changes: int = 0
    gaps: int = 0
    crossed: int = 0

    def quotes(self, messages: Iterable[Message]) -> Iterator[Quote]:
        """One for each stamp on which a message was applied or found missing."""
        rest = list(messages)
        while rest:
            stamp = rest[0].stamp
            count = next((k for k, other in enumerate(rest) if other.stamp != stamp), len(rest))
            told = [self.tells(message) for message in rest[:count]]
            self.uncross()
            if any(told):
                yield stamp, *self.top()
            rest = rest[count:]

    def tells(self, message: Message) -> bool:
        """Apply a message, or find that one is missing before it."""
        if message.is_snapshot:
            self.bids, self.asks, self.is_known = {}, {}, True
        elif not self.is_known:
            return False
        elif self.last is not None and message.sequence is not None:
            if message.sequence <= self.last:
                return False
            if message.follows is not None and message.follows > self.last:
                self.bids, self.asks, self.is_known = {}, {}, False
                self.gaps += 1
                return True
        self.last = message.sequence
        for is_bid, price, size in message.levels:
            self.changes += 1
            side = self.bids if is_bid else self.asks
            side.pop(price, None)
            if size:
                side[price] = size, self.changes
        return True

    def uncross(self) -> None:
        """Remove the older of two levels that cross, until none do."""
        while self.bids and self.asks and max(self.bids) >= min(self.asks):
            bid, ask = max(self.bids), min(self.asks)
            self.crossed += 1
            if self.bids[bid][1] < self.asks[ask][1]:
                del self.bids[bid]
            else:
                del self.asks[ask]

    def top(self) -> tuple[float | None, float | None, float | None, float | None]:
        bid = max(self.bids, default=None)
        ask = min(self.asks, default=None)
        return (
            bid,
            None if bid is None else self.bids[bid][0],
            ask,
            None if ask is None else self.asks[ask][0],
        )

    def levels(self) -> list[tuple[bool, float, float]]:
        """The whole book, as a snapshot would tell it."""
        bids = [(True, price, size) for price, (size, _) in self.bids.items()]
        return bids + [(False, price, size) for price, (size, _) in self.asks.items()]
