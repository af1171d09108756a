"""The flat sources: which columns each has, under which names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from arbitrage.data.venues.flat.fields import PRICE, SIDE, SIZE
from arbitrage.data.venues.quotes import (
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    EXCHANGE,
    RECEIPT,
    SEQUENCE,
    SYMBOL,
)

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one flat source.

    Attributes:
        name: What `--format-a` calls it.
        required: The names that each field may have, the first one first; without one of these
            fields a file is of another layout.
        optional: The same for fields that a file may lack.
        never: Names of columns that no file of this layout has.
        order: The columns of a file whose first line is a row already; none where that never is.
    """

    name: str
    required: Mapping[str, Names]
    optional: Mapping[str, Names] = field(default_factory=dict)
    never: frozenset[str] = frozenset()
    order: Names = ()

    def columns(self, header: Sequence[str]) -> dict[str, str] | None:
        """Which column of a file is which field; None when the file is of another layout."""
        found = {}
        for names, is_required in ((self.required, True), (self.optional, False)):
            for quantity, choice in names.items():
                name = next((name for name in choice if name in header), None)
                if name is not None:
                    found[quantity] = name
                elif is_required:
                    return None
        return None if self.never & {*header} else found

    def missing(self, header: Sequence[str]) -> list[str]:
        """The columns that a file lacks of those that this layout requires."""
        lacking = [names for names in self.required.values() if not {*names} & {*header}]
        return [" or ".join(names) for names in lacking]


_SYMBOL = {SYMBOL: ("symbol",)}
_TARDIS_TIMES = {EXCHANGE: ("timestamp",), RECEIPT: ("local_timestamp",)}
_ANY_TIME = ("timestamp", "time", "ts", "datetime", "exchange_timestamp", "exchange_time", "date")
_ANY_RECEIPT = ("local_timestamp", "receipt_timestamp", "received_time", "receipt_time")

LAYOUTS = (
    Layout(
        "tardis-quotes",
        {
            **_TARDIS_TIMES,
            BID: ("bid_price",),
            BID_SIZE: ("bid_amount",),
            ASK: ("ask_price",),
            ASK_SIZE: ("ask_amount",),
        },
        _SYMBOL,
    ),
    Layout(
        "tardis-book-snapshot",
        {
            **_TARDIS_TIMES,
            BID: ("bids[0].price",),
            BID_SIZE: ("bids[0].amount",),
            ASK: ("asks[0].price",),
            ASK_SIZE: ("asks[0].amount",),
        },
        _SYMBOL,
    ),
    Layout(
        "binance-bookticker",
        {
            EXCHANGE: ("transaction_time", "event_time"),
            SEQUENCE: ("update_id",),
            BID: ("best_bid_price",),
            BID_SIZE: ("best_bid_qty",),
            ASK: ("best_ask_price",),
            ASK_SIZE: ("best_ask_qty",),
        },
        _SYMBOL,
        order=(
            "update_id",
            "best_bid_price",
            "best_bid_qty",
            "best_ask_price",
            "best_ask_qty",
            "transaction_time",
            "event_time",
        ),
    ),
    Layout(
        "crypto-lake-book",
        {
            EXCHANGE: ("origin_time", "timestamp"),
            RECEIPT: ("received_time", "receipt_timestamp"),
            SEQUENCE: ("sequence_number",),
            BID: ("bid_0_price",),
            BID_SIZE: ("bid_0_size",),
            ASK: ("ask_0_price",),
            ASK_SIZE: ("ask_0_size",),
        },
        _SYMBOL,
    ),
    Layout(
        "cryptofeed-ticker",
        {
            EXCHANGE: ("timestamp",),
            RECEIPT: ("receipt_timestamp",),
            BID: ("bid",),
            ASK: ("ask",),
        },
        _SYMBOL,
    ),
    Layout(
        "ccxt",
        {EXCHANGE: ("timestamp",), BID: ("bid",), ASK: ("ask",)},
        {**_SYMBOL, BID_SIZE: ("bidVolume",), ASK_SIZE: ("askVolume",), SEQUENCE: ("nonce",)},
    ),
    Layout(
        "levels",
        {EXCHANGE: _ANY_TIME, BID: ("b1",), ASK: ("a1",)},
        {**_SYMBOL, RECEIPT: _ANY_RECEIPT, BID_SIZE: ("bv1",), ASK_SIZE: ("av1",)},
    ),
)

ONE_SIDE = Layout(
    "one-row-a-side",
    {EXCHANGE: _ANY_TIME, SIDE: ("side",), PRICE: ("price",)},
    {
        **_SYMBOL,
        RECEIPT: _ANY_RECEIPT,
        SIZE: ("size", "amount", "quantity", "qty", "volume"),
        SEQUENCE: ("sequence", "sequence_number", "update_id"),
    },
    # A trade has a side, a price and a size, too; and a row of deltas is not of the best price.
    never=frozenset({"id", "trade_id", "tradeId", "is_snapshot", "is_buyer_maker"}),
)
