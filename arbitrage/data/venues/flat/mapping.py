"""A layout by the user's own words: `time=ts,bid=b,ask=a`."""

from __future__ import annotations

from arbitrage.data.venues.flat.fields import PRICE, SIDE, SIZE
from arbitrage.data.venues.flat.layouts import Layout
from arbitrage.data.venues.flat.source import FlatSource
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
from arbitrage.errors import ConfigError
from arbitrage.shell.console import nearest

WORDS = {
    "time": EXCHANGE,
    "receipt": RECEIPT,
    "bid": BID,
    "ask": ASK,
    "bid_size": BID_SIZE,
    "ask_size": ASK_SIZE,
    "sequence": SEQUENCE,
    "symbol": SYMBOL,
    "side": SIDE,
    "price": PRICE,
    "size": SIZE,
}
"""What a mapping calls the fields."""

_EXAMPLE = "such as time=ts,bid=b,ask=a"
NAME = "by a mapping"


def mapped_source(text: str) -> FlatSource:
    """The source of files whose columns a user has named.

    Args:
        text: Pairs of a word of `WORDS` and a name of a column.

    Raises:
        ConfigError: It is not that, or a field that a quote needs is missing.
    """
    fields = {}
    for pair in text.split(","):
        word, mark, column = (part.strip() for part in pair.partition("="))
        if not (mark and column) or word not in WORDS:
            raise ConfigError(_told(pair, word))
        fields[WORDS[word]] = (column,)
    if not fields.keys() & {EXCHANGE, RECEIPT}:
        raise ConfigError(f"the mapping {text!r} has neither time nor receipt ({_EXAMPLE})")
    if not (fields.keys() >= {BID, ASK} or fields.keys() >= {SIDE, PRICE}):
        raise ConfigError(f"the mapping {text!r} needs bid and ask, or side and price ({_EXAMPLE})")
    return FlatSource(Layout(NAME, fields))


def _told(pair: str, word: str) -> str:
    if "=" not in pair:
        return f"{pair!r:.60} is not a part of a mapping ({_EXAMPLE})"
    close = nearest(word, WORDS)
    hint = f"did you mean {close}?" if close else f"those are {', '.join(WORDS)}"
    return f"no such field of a mapping: {word!r:.60} ({hint})"
