"""The next block is read and decoded while the one before is judged."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")

_DEPTH = 2  # blocks that wait at most: they take memory


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items; from the third on a thread makes them while those before are used.

    To start one takes longer than to judge a small file, which has one.
    """
    for place, item in enumerate(items):
        yield item
        if place == 1:
            yield from _from_a_thread(items)


def _from_a_thread(items: Iterator[Item]) -> Iterator[Item]:
    pool = ThreadPoolExecutor(1)
    try:
        waiting: deque[Future[list[Item]]] = deque()
        for _ in range(_DEPTH):
            waiting.append(pool.submit(_next, items))
        while item := waiting.popleft().result():
            waiting.append(pool.submit(_next, items))
            yield item[0]
    finally:
        pool.shutdown(cancel_futures=True)


def _next(items: Iterator[Item]) -> list[Item]:
    """The next item, or none at the end."""
    return list(islice(items, 1))
