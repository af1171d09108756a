"""The windows of a walk-forward: which rows each fold trains on, and which test it.

The last test window ends with the file. The test windows before it follow each other without a gap,
and each training window ends where its test window begins. A row on an edge belongs to the window
that ends there, and so do all rows of its stamp.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

from arbitrage.errors import ConfigError
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.results.walk_forward.durations import duration_ns, duration_text

MAX_FOLDS = 1_000

# What the first training window may lack of its length: a day's file begins just after midnight and
# ends just before.
LACKING = 0.01

_NS_PER_HOUR = 3_600 * 10**9


class Window(NamedTuple):
    """The rows `first_row` to `stop_row` - 1: those later than `begin_ns`, up to `end_ns`.

    Both are in nanoseconds since 1970.
    """

    begin_ns: int
    end_ns: int
    first_row: int
    stop_row: int

    @property
    def hours(self) -> float:
        """How long it is."""
        return (self.end_ns - self.begin_ns) / _NS_PER_HOUR


class Fold(NamedTuple):
    """A training window and the test window that follows it."""

    train: Window
    test: Window


@dataclass(frozen=True, slots=True)
class Division:
    """How a file is divided: how many folds, and how long their windows are."""

    folds: int
    train_ns: int
    test_ns: int

    @classmethod
    def of(cls, folds: int, train: str, test: str) -> Self:
        """A division from durations such as `2h`.

        Raises:
            ConfigError: There is none of such numbers.
        """
        if not 1 <= folds <= MAX_FOLDS:
            raise ConfigError(f"folds is {folds}: take 1 to {MAX_FOLDS:,}")
        return cls(folds, duration_ns(train), duration_ns(test))

    def folds_of(self, data: OpenedFile) -> list[Fold]:
        """The folds of a file, the earliest first.

        Raises:
            ConfigError: The file is too short for them.
        """
        begin_ns, end_ns = data.moment_ns(0), data.moment_ns(data.rows - 1)
        needed_ns = self.train_ns + self.folds * self.test_ns
        if needed_ns - self.train_ns * LACKING > end_ns - begin_ns:
            raise self._too_long(data, needed_ns, end_ns - begin_ns)
        edges = [end_ns - left * self.test_ns for left in range(self.folds, 0, -1)]
        return [
            Fold(
                _window(data, edge - self.train_ns, edge), _window(data, edge, edge + self.test_ns)
            )
            for edge in edges
        ]

    def _too_long(self, data: OpenedFile, needed_ns: int, there_ns: int) -> ConfigError:
        folds = "1 fold" if self.folds == 1 else f"{self.folds} folds"
        return ConfigError(
            f"{folds} of {duration_text(self.test_ns)} after {duration_text(self.train_ns)} of "
            f"training take {duration_text(needed_ns)}, but {data.shown_name} spans "
            f"{duration_text(there_ns)}, from {data.timestamp(0)} to "
            f"{data.timestamp(data.rows - 1)}: take fewer folds or shorter windows"
        )


def _window(data: OpenedFile, begin_ns: int, end_ns: int) -> Window:
    """The window between two moments, no longer than the file."""
    first_row = data.row_after(begin_ns)
    return Window(max(begin_ns, data.moment_ns(0)), end_ns, first_row, data.row_after(end_ns))
