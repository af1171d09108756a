"""The best quotes of a book after each stamp: a stamp's messages are applied whole."""

from __future__ import annotations

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.data.venues.books.kernels.layout import (
    AFTER_GAP,
    APPLIES,
    ASK,
    BID,
    CHANGES,
    CROSSED,
    EARLY,
    EXCHANGE,
    GAPS,
    KNOWN,
    LAST,
    LOST,
    NONE,
    OPEN,
    RECEIPT,
    REPEATED,
    STATE,
    TELLS,
    UNKNOWN,
    Book,
    Changes,
    Quotes,
)
from arbitrage.data.venues.books.kernels.levels import set_level, uncrossed


@compiled
def replay(changes: Changes, book: Book, quotes: Quotes) -> int:
    """Apply changes; how many quotes were written.

    The last stamp stays open, because the changes that come next may be of it: `last_quote` writes
    what it comes to so far.
    """
    marks = book.marks
    count = 0
    for k in range(len(changes.price)):
        if changes.begins[k]:
            exchange, receipt = changes.exchange[k], changes.receipt[k]
            if not marks[OPEN] or exchange != marks[EXCHANGE] or receipt != marks[RECEIPT]:
                count = _close(book, quotes, count)
                marks[OPEN], marks[EXCHANGE], marks[RECEIPT] = 1, exchange, receipt
            marks[APPLIES] = _begin(
                book, changes.sequence[k], changes.follows[k], changes.resets[k]
            )
        if marks[APPLIES] and changes.side[k] >= 0:
            marks[CHANGES] += 1
            marks[TELLS] = 1  # once more, when what the message came to so far was told already
            set_level(book, changes.side[k], changes.price[k], changes.size[k], marks[CHANGES])
    return count


@compiled
def last_quote(book: Book, quotes: Quotes, count: int) -> int:
    """Write the quote of the stamp that is open, which stays so; how many there are then."""
    bids, asks = uncrossed(book)
    return _write(book, quotes, count, bids, asks)


@compiled
def _begin(book: Book, sequence: int, follows: int, is_snapshot: bool) -> bool:
    """Whether a message is applied; it is counted where it is not."""
    marks, last = book.marks, book.marks[LAST]
    if is_snapshot:
        _forget(book)
        marks[STATE] = KNOWN
    elif marks[STATE] == UNKNOWN:
        book.counts[EARLY] += 1
        return False
    elif marks[STATE] == LOST:
        book.counts[AFTER_GAP] += 1
        return False
    elif NONE < sequence <= last:
        book.counts[REPEATED] += 1
        return False
    elif NONE < last < follows:
        _forget(book)
        marks[STATE], marks[TELLS] = LOST, 1
        book.counts[GAPS] += 1
        book.counts[AFTER_GAP] += 1
        return False
    marks[LAST] = sequence
    marks[TELLS] = 1
    return True


@compiled
def _forget(book: Book) -> None:
    book.levels[BID], book.levels[ASK] = 0, 0


@compiled
def _close(book: Book, quotes: Quotes, count: int) -> int:
    """End the stamp that is open; how many quotes there are then."""
    bids, asks = uncrossed(book)
    book.counts[CROSSED] += book.levels[BID] - bids + book.levels[ASK] - asks
    book.levels[BID], book.levels[ASK] = bids, asks
    return _write(book, quotes, count, bids, asks)


@compiled
def _write(book: Book, quotes: Quotes, count: int, bids: int, asks: int) -> int:
    """The quote of a stamp that has something to tell since its quote was last written."""
    marks = book.marks
    if not marks[TELLS]:
        return count
    marks[TELLS] = 0
    quotes.times[0, count], quotes.times[1, count] = marks[EXCHANGE], marks[RECEIPT]
    for side, left in ((BID, bids), (ASK, asks)):
        key = book.keys[side, left - 1] if left else np.nan
        quotes.prices[side, count] = key if side == BID else -key
        quotes.sizes[side, count] = book.sizes[side, left - 1] if left else np.nan
    return count + 1
