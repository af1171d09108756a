"""The levels of a book: set, removed, and those that cross."""

from __future__ import annotations

from arbitrage.caches.compiled import compiled
from arbitrage.data.venues.books.kernels.layout import ASK, BID, Book, Floats


@compiled
def set_level(book: Book, side: int, price: float, size: float, age: int) -> None:
    """Set a level, or remove it when its size is 0."""
    keys, sizes, ages = book.keys[side], book.sizes[side], book.ages[side]
    key = price if side == BID else -price
    count = book.levels[side]
    place = _place(keys, count, key)
    is_there = place < count and keys[place] == key
    if size > 0.0 and not is_there:
        for k in range(count, place, -1):  # few: most changes are near the best price
            keys[k], sizes[k], ages[k] = keys[k - 1], sizes[k - 1], ages[k - 1]
        book.levels[side] = count + 1
    if size > 0.0:
        keys[place], sizes[place], ages[place] = key, size, age
    elif is_there:
        for k in range(place, count - 1):
            keys[k], sizes[k], ages[k] = keys[k + 1], sizes[k + 1], ages[k + 1]
        book.levels[side] = count - 1


@compiled
def _place(keys: Floats, count: int, key: float) -> int:
    """The first of the keys that is not below this one."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def uncrossed(book: Book) -> tuple[int, int]:
    """How many levels of each side are left when no bid has reached an ask.

    Of two that cross the one that was set earlier goes: its removal was not told, or not yet.
    """
    bids, asks = book.levels[BID], book.levels[ASK]
    while bids and asks and book.keys[BID, bids - 1] >= -book.keys[ASK, asks - 1]:
        if book.ages[BID, bids - 1] < book.ages[ASK, asks - 1]:
            bids -= 1
        else:
            asks -= 1
    return bids, asks
