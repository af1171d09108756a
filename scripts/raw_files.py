"""The second sample's market as a recorder would have written it: a raw file for each venue.

Venue A's is a table as Tardis sells it, venue B's one as Crypto Lake does. What a venue sends takes
some milliseconds to the recorder.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime

from scripts.flickering_market import START, Market, Quote

WAYS_MS = {"a": (2, 6), "b": (8, 15)}
"""How long a message may take from the exchange to the recorder."""

NS_PER_MS = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_START_MS = round((START - _EPOCH).total_seconds() * 1_000)


def make_files(rows: int, seed: int) -> tuple[str, str]:
    """The text of both files; the rows of the sample are the updates of both venues."""
    lines = {"a": [_HEADER_A], "b": [_HEADER_B]}
    draw = random.Random(seed)  # noqa: S311 - a simulation, no secret
    for number, (venue, moment_ms, quote) in enumerate(_updates(rows, seed)):
        sent_ms = _START_MS + moment_ms
        received_ns = sent_ms * NS_PER_MS + round(draw.uniform(*WAYS_MS[venue]) * NS_PER_MS)
        line = _line_a if venue == "a" else _line_b
        lines[venue].append(line(number, sent_ms, received_ns, quote))
    return "".join(lines["a"]), "".join(lines["b"])


def _updates(rows: int, seed: int) -> Iterator[tuple[str, int, Quote]]:
    """The venue, the moment and the quote of each update."""
    market = Market(seed)
    for _ in range(rows):
        before = market.b
        market.step()
        venue, quote = ("a", market.a) if market.b is before else ("b", market.b)
        yield venue, market.now_ms, quote


_HEADER_A = "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount\n"
_HEADER_B = (
    "origin_time,received_time,sequence_number,symbol,exchange,"
    "bid_0_price,bid_0_size,ask_0_price,ask_0_size\n"
)


def _line_a(_: int, sent_ms: int, received_ns: int, quote: Quote) -> str:
    cells = [
        f"{quote.ask_size:.3f}",
        f"{quote.ask:.2f}",
        f"{quote.bid:.2f}",
        f"{quote.bid_size:.3f}",
    ]
    return f"sim-a,ETHUSDT,{sent_ms * 1_000},{received_ns // 1_000},{','.join(cells)}\n"


def _line_b(number: int, sent_ms: int, received_ns: int, quote: Quote) -> str:
    cells = [
        f"{quote.bid:.2f}",
        f"{quote.bid_size:.3f}",
        f"{quote.ask:.2f}",
        f"{quote.ask_size:.3f}",
    ]
    sent_ns = sent_ms * NS_PER_MS
    return f"{sent_ns},{received_ns},{number},ETH-USDT,SIM-B,{','.join(cells)}\n"
