"""What is made of the blocks of a file ahead of its use comes in the order of the file."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from arbitrage.data.readers.ahead import each_ahead


def test_what_is_made_ahead_comes_in_order() -> None:
    """The first waits until the second is made, which shows that both are at work at once."""
    second_is_made = threading.Event()

    def make(number: int) -> int:
        if number == 0:
            assert second_is_made.wait(60)
        elif number == 1:
            second_is_made.set()
        return number * number

    assert list(each_ahead(make, iter(range(9)))) == [number**2 for number in range(9)]
    assert list(each_ahead(make, iter([]))) == []


@pytest.mark.parametrize("good", [0, 1, 2, 5])
def test_an_error_comes_after_all_that_stands_before_it(good: int) -> None:
    def items() -> Iterator[int]:
        yield from range(good)
        raise ValueError("the file ends within a line")

    found = each_ahead(str, items())
    assert [next(found) for _ in range(good)] == [str(number) for number in range(good)]
    with pytest.raises(ValueError, match="the file ends"):
        next(found)


def test_what_cannot_be_made_is_told_in_its_turn() -> None:
    found = each_ahead(lambda number: 6 // number, iter([3, 2, 0, 1]))
    assert [next(found), next(found)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_nothing_more_is_made_for_one_who_has_left() -> None:
    asked: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1_000):
            asked.append(number)
            yield number

    found = each_ahead(str, items())
    assert isinstance(found, Iterator)
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert len(asked) < 10
