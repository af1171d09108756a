"""Changes of books to quotes; what stands in a book is kept from one batch to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import polars as pl

from arbitrage.data.venues import quotes as names
from arbitrage.data.venues.books.changes import (
    BEGINS,
    FOLLOWS,
    IS_BID,
    IS_SNAPSHOT,
    PRICE,
    SIZE,
    by_symbol,
)
from arbitrage.data.venues.books.kernels.layout import (
    AFTER_GAP,
    ASK,
    BID,
    COUNTS,
    CROSSED,
    EARLY,
    GAPS,
    NO_SIDE,
    NONE,
    REPEATED,
    Book,
    Changes,
    Quotes,
    empty_book,
    read_only,
    room_for_quotes,
    with_room,
)
from arbitrage.data.venues.books.kernels.top import last_quote, replay

TOLD = {
    EARLY: "changes of a book before its first snapshot",
    GAPS: "gaps in a book's sequence: nothing is known of it until its next snapshot",
    AFTER_GAP: "changes of a book after a gap in its sequence",
    REPEATED: "messages that the book had in it already",
    CROSSED: "levels of a book that a newer one of the other side had reached",
}
"""What the counts of a book are, in the words of `Reading.dropped`."""


class Replay:
    """The books of one venue.

    Attributes:
        dropped: What was left out of the books, counted by `TOLD`.
    """

    def __init__(self, dropped: Counter[str]) -> None:
        self.dropped = dropped
        self._books: dict[str | None, Book] = {}
        self._written = 0

    def quotes(self, changes: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The quotes of stamps that have ended, one frame a book.

        Args:
            changes: The next ones, a batch of `changes.SCHEMA`.
        """
        for part in by_symbol(changes):
            symbol = part[names.SYMBOL][0]
            book = with_room(self._books.get(symbol, empty_book()), part.height)
            self._books[symbol] = book
            quotes = room_for_quotes(part.height)
            count = replay(_arrays(part), book, quotes)
            self._count(book)
            yield self._frame(quotes, count, symbol)

    def last_quotes(self) -> Iterator[pl.DataFrame]:
        """The quotes of stamps of which more may come."""
        for symbol, book in self._books.items():
            quotes = room_for_quotes(0)
            yield self._frame(quotes, last_quote(book, quotes, 0), symbol)

    def _count(self, book: Book) -> None:
        for place in range(COUNTS):
            if book.counts[place]:
                self.dropped[TOLD[place]] += int(book.counts[place])
        book.counts[:] = 0

    def _frame(self, quotes: Quotes, count: int, symbol: str | None) -> pl.DataFrame:
        """The first quotes of the arrays as a batch, numbered in their order."""
        numbers = range(self._written, self._written + count)
        self._written += count
        cells = {
            names.EXCHANGE: quotes.times[0, :count],
            names.RECEIPT: quotes.times[1, :count],
            names.BID: quotes.prices[BID, :count],
            names.BID_SIZE: quotes.sizes[BID, :count],
            names.ASK: quotes.prices[ASK, :count],
            names.ASK_SIZE: quotes.sizes[ASK, :count],
        }
        times = pl.col(names.EXCHANGE, names.RECEIPT)
        return (
            pl.DataFrame(cells, nan_to_null=True)
            .with_columns(
                pl.when(times != NONE).then(times).name.keep(),
                pl.Series(names.SEQUENCE, numbers, pl.Int64),
                pl.lit(symbol, pl.String).alias(names.SYMBOL),
            )
            .select(*names.SCHEMA)
        )


def _arrays(changes: pl.DataFrame) -> Changes:
    """The columns as the kernels take them; all of one kind, or each kind would be compiled."""
    has_level = pl.col(IS_BID).is_not_null()
    side = pl.when(pl.col(IS_BID)).then(BID).otherwise(ASK)
    columns = changes.select(
        pl.col(names.EXCHANGE, names.RECEIPT, names.SEQUENCE, FOLLOWS).fill_null(NONE),
        BEGINS,
        IS_SNAPSHOT,
        pl.when(has_level).then(side).otherwise(NO_SIDE).cast(pl.Int64).alias(IS_BID),
        pl.col(PRICE, SIZE).fill_null(0.0),
    )
    return Changes._make(read_only(column.to_numpy()) for column in columns)
