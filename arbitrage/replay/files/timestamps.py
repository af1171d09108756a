"""The timestamps of a file, kept so that the text of any of them can be made again."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from arbitrage.data.rules.moments import moment_ns, ns_of_one
from arbitrage.data.rules.stamp_texts import ANY_FORM, text_of
from arbitrage.replay.arrays import Arrays
from arbitrage.replay.kernels.layout import Integers

if TYPE_CHECKING:
    from arbitrage.data.rules.stamps import Stamps

Run = tuple[int, str]
"""The first row of some that have one form, and that form."""


class TimestampWriter:
    """Takes the timestamps of a file in their order.

    Of each row `stamps` has a number: what its form says, or with `ANY_FORM` the place of its text
    among the `texts`, whose lines end at `line_ends`.

    Attributes:
        runs: The forms, each from its first row on.
    """

    def __init__(self, arrays: Arrays) -> None:
        self.runs: list[Run] = []
        self._stamps = arrays.new("stamps", np.int64)
        self._texts = arrays.new("texts", np.uint8)
        self._line_ends = arrays.new("line_ends", np.int64)

    def take(self, stamps: Stamps) -> None:
        """Those of the next block."""
        if not self.runs or self.runs[-1][1] != stamps.form:
            self.runs.append((len(self._stamps), stamps.form))
        self._stamps.append(self._kept(stamps) if stamps.form == ANY_FORM else stamps.numbers)

    def _kept(self, stamps: Stamps) -> Integers:
        """The places of texts that are kept as they are."""
        lines = "".join(f"{text}\n" for text in stamps.column.to_list()).encode()
        texts, before = np.frombuffer(lines, np.uint8), len(self._line_ends)
        self._line_ends.append(np.flatnonzero(texts == ord("\n")) + len(self._texts))
        self._texts.append(texts)
        return np.arange(before, len(self._line_ends))


class Timestamps:
    """The timestamps of a prepared file.

    Args:
        runs: Of the writer.
        arrays: What it has written, by their names.
    """

    def __init__(self, runs: tuple[Run, ...], arrays: dict[str, NDArray[Any]]) -> None:
        self._runs = runs
        self.arrays = {name: arrays[name] for name in ("stamps", "texts", "line_ends")}

    def text(self, row: int) -> str:
        """The timestamp of a row, as the file has it."""
        form, number = self._kept(row)
        return self._text_at(number) if form == ANY_FORM else text_of(form, number)

    def moment_ns(self, row: int) -> int:
        """The time of a row in nanoseconds since 1970, which its text says, too."""
        form, number = self._kept(row)
        if form == ANY_FORM:
            return moment_ns(self._text_at(number))
        return number * ns_of_one(form, number)

    def _kept(self, row: int) -> tuple[str, int]:
        """The form of a row's timestamp, and its number."""
        _, form = self._runs[bisect_right(self._runs, row, key=lambda run: run[0]) - 1]
        return form, int(self.arrays["stamps"][row])

    def _text_at(self, place: int) -> str:
        ends = self.arrays["line_ends"]
        start = 0 if place == 0 else int(ends[place - 1]) + 1
        return bytes(self.arrays["texts"][start : int(ends[place])]).decode()
