"""The fields of a flat source: those of a quote, and those of a source with one row a side."""

from __future__ import annotations

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

SIDE, PRICE, SIZE = "side", "price", "size"

TIMES = frozenset({EXCHANGE, RECEIPT})
INTEGERS = frozenset({SEQUENCE})
TEXTS = frozenset({SYMBOL, SIDE})
PRICES = frozenset({BID, ASK, PRICE})
SIZES = frozenset({BID_SIZE, ASK_SIZE, SIZE})
NUMBERS = PRICES | SIZES
