"""The kernels loaded or compiled ahead of their first use."""

from __future__ import annotations

import numpy as np

from arbitrage.caches.compiled import one_at_a_time
from arbitrage.data.venues.books.kernels.layout import (
    NONE,
    Changes,
    empty_book,
    read_only,
    room_for_quotes,
    with_room,
)
from arbitrage.data.venues.books.kernels.top import last_quote, replay


def warm_up() -> None:
    """Load or compile every kernel of the books."""
    integers, flags = read_only(np.full(1, NONE, np.int64)), read_only(np.ones(1, np.bool_))
    side, number = read_only(np.zeros(1, np.int64)), read_only(np.ones(1))
    times = integers, integers, integers, integers
    changes = Changes(*times, flags, flags, side, number, number)
    book, quotes = with_room(empty_book(), 1), room_for_quotes(1)
    with one_at_a_time():
        last_quote(book, quotes, replay(changes, book, quotes))
