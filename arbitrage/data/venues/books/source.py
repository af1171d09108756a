"""A book source: messages of which each changes a book, as the quotes that they come to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from arbitrage.data.venues.source import Member, Reading

_REPLAY = "the books"


@dataclass(frozen=True, slots=True)
class BookSource:
    """Files of one format.

    Attributes:
        name: What `--format-a` calls it.
        mark: What its first line begins with.
        first_time: Where in its beginning its first time stands: the group of this pattern.
        changes: Reads a file as batches of `changes.SCHEMA`, in order.
    """

    name: str
    mark: re.Pattern[bytes]
    first_time: re.Pattern[bytes]
    changes: Callable[[Member, Reading], Iterator[pl.DataFrame]]

    def is_like(self, head: bytes) -> bool:
        """Whether a file that begins so is of this format."""
        return self.mark.match(head) is not None

    def begins(self, head: bytes) -> int:
        """The time that a file begins with, in its own unit."""
        found = self.first_time.search(head)
        return int(found[1]) if found else 0

    def read(self, member: Member, reading: Reading) -> Iterator[pl.DataFrame]:
        """The best quotes after each stamp, in order.

        Raises:
            DataError: A line is not a message of this format.
        """
        for changes in self.changes(member, reading):
            yield from quotes_of(changes, reading)
        yield from last_quotes(reading)


def quotes_of(changes: pl.DataFrame, reading: Reading) -> Iterator[pl.DataFrame]:
    """The quotes of stamps that end in a batch of changes."""
    from arbitrage.data.venues.books.replay import Replay  # numba, for these files alone

    replay = reading.carried.setdefault(_REPLAY, Replay(reading.dropped))
    return (quotes for quotes in replay.quotes(changes) if quotes.height)


def last_quotes(reading: Reading) -> Iterator[pl.DataFrame]:
    """The quotes of stamps that a next file may go on with."""
    if _REPLAY not in reading.carried:
        return iter(())
    return (quotes for quotes in reading.carried[_REPLAY].last_quotes() if quotes.height)
