"""What the kernels read and write: arrays in named tuples, which compiled code takes as they are.

A side is 0 for bids and 1 for asks. The key of a level is its price on the side of the bids and its
negative on that of the asks, so that the best level of either side has the greatest key.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

Array = TypeVar("Array", Floats, Integers, Flags)

NONE = -(2**63)
"""In place of a time or a sequence that is not known."""

BID, ASK, NO_SIDE = 0, 1, -1

# Places in `Book.marks`: what is known of the book, as below; the sequence of the last message; how
# many changes the book took in; of the stamp that is open, whether there is one, its two times, and
# whether it has something to tell; and whether the message that is being read is applied.
STATE, LAST, CHANGES, OPEN, EXCHANGE, RECEIPT, TELLS, APPLIES = range(8)
MARKS = 8

# No snapshot has come; one has, and nothing was missed since; something was missed.
UNKNOWN, KNOWN, LOST = range(3)

# Places in `Book.counts`: messages before the first snapshot; gaps; the messages after one, with
# the one that showed it, until the next snapshot; messages that the book had in it already; levels
# that a newer one of the other side had reached.
EARLY, GAPS, AFTER_GAP, REPEATED, CROSSED = range(5)
COUNTS = 5


class Changes(NamedTuple):
    """Changes of levels in the order in which they are applied.

    Attributes:
        exchange: The time by the exchange's clock, in ns, or `NONE`.
        receipt: The time by the recorder's clock, in ns, or `NONE`.
        sequence: The number of the message, or `NONE`.
        follows: The number that the message before must have had or passed, or `NONE`.
        begins: Whether a message begins here.
        resets: Whether that message is a snapshot.
        side: `BID` or `ASK`; `NO_SIDE` where a message has no level at all.
        price: Of the level.
        size: What is displayed there from now on; 0 removes the level.
    """

    exchange: Integers
    receipt: Integers
    sequence: Integers
    follows: Integers
    begins: Flags
    resets: Flags
    side: Integers
    price: Floats
    size: Floats


class Book(NamedTuple):
    """A book, which the kernels change in place.

    Attributes:
        keys: The keys of the levels, ascending, by side; shape (2, room).
        sizes: Their sizes.
        ages: When each was last set, counted in changes.
        levels: How many there are, by side.
        marks: See above.
        counts: See above.
    """

    keys: Floats
    sizes: Floats
    ages: Integers
    levels: Integers
    marks: Integers
    counts: Integers


class Quotes(NamedTuple):
    """The best quotes, one row a stamp, with room for as many as there are changes and one more.

    Attributes:
        times: By the exchange's clock and by the recorder's; shape (2, room).
        prices: Of the bid and the ask, NaN where a side is empty; shape (2, room).
        sizes: The same.
    """

    times: Integers
    prices: Floats
    sizes: Floats


def empty_book() -> Book:
    """A book of which nothing is known."""
    marks = np.zeros(MARKS, np.int64)
    marks[LAST] = NONE
    return Book(
        keys=np.empty((2, 0)),
        sizes=np.empty((2, 0)),
        ages=np.empty((2, 0), np.int64),
        levels=np.zeros(2, np.int64),
        marks=marks,
        counts=np.zeros(COUNTS, np.int64),
    )


def with_room(book: Book, more: int) -> Book:
    """The same book with room for that many more levels a side."""
    room = int(book.levels.max()) + more
    if room <= book.keys.shape[1]:
        return book
    arrays = {}
    for name in ("keys", "sizes", "ages"):
        old = getattr(book, name)
        arrays[name] = np.empty((2, room), old.dtype)
        arrays[name][:, : old.shape[1]] = old
    return book._replace(**arrays)


def room_for_quotes(changes: int) -> Quotes:
    """Where the quotes of that many changes go."""
    shape = (2, changes + 1)
    return Quotes(np.empty(shape, np.int64), np.empty(shape), np.empty(shape))


def read_only(array: Array) -> Array:
    """A view that cannot be written through: compiled code tells the two kinds apart."""
    view = array.view()
    view.flags.writeable = False
    return view
