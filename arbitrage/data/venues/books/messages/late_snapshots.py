"""Snapshots that come late: asked for, and answered while the changes go on.

A recorder asks for the whole book when it begins and when it has missed something. Changes that it
received before the answer may be newer than the answer, so they are applied after it once more
(https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams, on managing a local
order book). A book that had missed nothing comes to the same.
"""

from __future__ import annotations

import polars as pl

from arbitrage.data.venues.books.changes import IS_SNAPSHOT
from arbitrage.data.venues.books.messages.lines import NUMBER
from arbitrage.data.venues.quotes import EXCHANGE, RECEIPT, SEQUENCE, SYMBOL
from arbitrage.data.venues.source import Reading
from arbitrage.errors import DataError

_KEPT_MESSAGES = 4_096  # longer than any answer takes: the fastest stream has some hundred a second
_BEFORE = "the last changes before a snapshot"
_WAITING = "snapshots of which no change has told the symbol yet"


def after_snapshots(messages: pl.DataFrame, reading: Reading, name: str) -> pl.DataFrame:
    """Messages in order, those that are newer than a snapshot repeated behind it.

    Args:
        messages: Of one batch, as `levels.changes_of` takes them, in order.
        reading: Carries the last messages of the batch before.
        name: What messages call the file.

    Raises:
        DataError: The snapshots may be of several symbols.
    """
    messages = pl.concat([reading.carried.pop(_WAITING, messages.clear()), messages])
    before: pl.DataFrame = reading.carried.get(_BEFORE, messages.clear())
    messages = messages.with_columns(_symbols(before, messages, name))
    if messages[SYMBOL].null_count():
        reading.carried[_WAITING] = messages
        return messages.clear()
    known = pl.concat([before, messages])
    reading.carried[_BEFORE] = known.tail(_KEPT_MESSAGES)
    parts, done = [], before.height
    for place in known[IS_SNAPSHOT].slice(done).arg_true() + done:
        parts += [known[done:place], _with_newer(known[:place], known[place])]
        done = place + 1
    return pl.concat([*parts, known[done:]])


def _symbols(before: pl.DataFrame, messages: pl.DataFrame, name: str) -> pl.Series:
    """The symbols, with that of the changes in place of none.

    Raises:
        DataError: They are of several symbols.
    """
    symbols = messages[SYMBOL]
    if not symbols.null_count():
        return symbols
    there = pl.concat([before[SYMBOL], symbols]).drop_nulls().unique()
    if len(there) > 1:
        raise DataError(
            f"{name!r} has snapshots of books that do not say which of its symbols they are of "
            f"({', '.join(sorted(there)[:9])}): split it by symbol"
        )
    return symbols.fill_null(there.first()) if len(there) else symbols


def _with_newer(earlier: pl.DataFrame, snapshot: pl.DataFrame) -> pl.DataFrame:
    """A snapshot, and behind it, at its own time, those changes that it does not have."""
    is_newer = ~pl.col(IS_SNAPSHOT) & (pl.col(SEQUENCE) > snapshot[SEQUENCE].item())
    is_same = pl.col(SYMBOL).eq_missing(pl.lit(snapshot[SYMBOL].item(), pl.String))
    found = pl.concat([snapshot, earlier.filter(is_newer & is_same)])
    return found.with_columns(pl.col(EXCHANGE).max(), pl.col(RECEIPT, NUMBER).first())
