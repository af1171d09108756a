"""Recordings of hftbacktest's collector: `<local ns> <a message of Binance>`, one a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from arbitrage.data.venues.books.messages.binance import (
    BEST_QUOTE,
    IS_BEST_QUOTE,
    IS_CHANGE,
    IS_WHOLE_BOOK,
    best_quotes,
    book_changes,
    whole_books,
)
from arbitrage.data.venues.books.messages.late_snapshots import after_snapshots
from arbitrage.data.venues.books.messages.levels import changes_of
from arbitrage.data.venues.books.messages.lines import NUMBER, TEXT, Lines, json_lines
from arbitrage.data.venues.books.source import last_quotes, quotes_of
from arbitrage.data.venues.flat.table.part import Part
from arbitrage.data.venues.flat.times import moments
from arbitrage.data.venues.quotes import RECEIPT
from arbitrage.data.venues.source import Member, Reading

OTHERS = "messages of another kind than quotes and books"
BESIDE = "changes of books in a recording of best quotes"

_FIRST_LINE = re.compile(rb"(\d{10,19}) \{")
_BEST_QUOTE = re.compile(BEST_QUOTE.replace("^", "").encode())
_LINE = r"^(\d{1,19}) +(\{.*)$"
_HAS_BEST = "whether there are best quotes"


@dataclass(frozen=True, slots=True)
class Collector:
    """Recordings: their best quotes, or the top of their books where they have none."""

    name: str = "hftbacktest-collector"

    def is_like(self, head: bytes) -> bool:
        """Whether a file that begins so is of this format."""
        return _FIRST_LINE.match(head) is not None

    def begins(self, head: bytes) -> int:
        """The time that a file begins with."""
        found = _FIRST_LINE.match(head)
        return int(found[1]) if found else 0

    def read(self, member: Member, reading: Reading) -> Iterator[pl.DataFrame]:
        """The quotes, in order. From the first best quote on nothing is read of books.

        Raises:
            DataError: A line is not a time and a message.
        """
        if _BEST_QUOTE.search(member.head()):
            reading.carried[_HAS_BEST] = True
        for lines in map(_received, json_lines(member)):
            best = lines.where(IS_BEST_QUOTE)
            if best.table.height:
                reading.carried[_HAS_BEST] = True
                yield best_quotes(best, reading)
            yield from _book_quotes(lines, reading)
        yield from last_quotes(reading)


def _received(lines: Lines) -> Lines:
    """The messages alone, and when each was received."""
    halves = lines.table.select(
        pl.col(TEXT).str.extract(_LINE, group).alias(name)
        for group, name in ((1, RECEIPT), (2, TEXT))
    )
    is_other = halves[TEXT].is_null()
    if is_other.any():
        raise lines.error(is_other.arg_max() or 0, "is not a time and a message")
    part = Part(lines.name, "line", lines.table[NUMBER], {RECEIPT: "its time"}, halves)
    received = moments(part, RECEIPT, None)
    return Lines(lines.name, lines.table.with_columns(halves[TEXT], received.alias(RECEIPT)))


def _book_quotes(lines: Lines, reading: Reading) -> Iterator[pl.DataFrame]:
    others = lines.where(~IS_BEST_QUOTE)
    changes, wholes = others.where(IS_CHANGE), others.where(IS_WHOLE_BOOK)
    count = changes.table.height + wholes.table.height
    reading.dropped.update({OTHERS: others.table.height - count})
    if reading.carried.get(_HAS_BEST):
        reading.dropped.update({BESIDE: count})
    elif count:
        both = [book_changes(changes, reading), whole_books(wholes, reading)]
        messages = pl.concat(both, how="diagonal").sort(NUMBER, maintain_order=True)
        messages = after_snapshots(messages, reading, lines.name)
        yield from quotes_of(changes_of(messages, lines.name), reading)
