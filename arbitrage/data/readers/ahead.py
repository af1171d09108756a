"""The next blocks are read and decoded while the one before is judged."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

_DEPTH = 2  # blocks that wait at most: they take memory
_MAKERS = 3  # polars reads a block in threads of its own, but begins and ends in one


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


def each_ahead(make: Callable[[Item], Made], items: Iterator[Item]) -> Iterator[Made]:
    """What is made of each item, in their order: threads make the next ones meanwhile."""
    with ThreadPoolExecutor(_MAKERS) as pool:
        waiting: deque[Future[Made]] = deque()
        try:
            for made in _submitted(pool, make, items):
                waiting.append(made)
                if len(waiting) > _MAKERS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _submitted(
    pool: ThreadPoolExecutor, make: Callable[[Item], Made], items: Iterator[Item]
) -> Iterator[Future[Made]]:
    """One of each item; an error where the items end takes its turn after those before it."""
    try:
        for item in items:
            yield pool.submit(make, item)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is raised in its turn
        failed: Future[Made] = Future()
        failed.set_exception(error)
        yield failed
