"""A data file prepared row by row: what a config with options looks at beside the prices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from arbitrage.data.files.data_file import DataFile, DataLimits
from arbitrage.errors import DataError
from arbitrage.replay.arrays import Arrays
from arbitrage.replay.files.prepared_file import prices_of
from arbitrage.replay.files.skipped_rows import skipped_numbers
from arbitrage.replay.kernels.layout import Floats, Integers, Rows

if TYPE_CHECKING:
    import polars as pl

    from arbitrage.data.rules.checked_rows import Block


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What is known of a file besides its rows.

    `columns` are the optional ones that it has; `out_of_reach` says why its times cannot be used,
    and is None where they can.
    """

    data_sha256: str
    rows: int
    content_bytes: int
    columns: tuple[str, ...]
    out_of_reach: str | None


class PreparedRows:
    """The rows of a data file, ready to be replayed with options.

    Attributes:
        facts: What is known of the file.
        rows: Those that are tradable by their prices, for the kernels. `age_ms` is empty unless
            the file has both ages; `time_ns` says nothing where `need_times` refuses.
    """

    def __init__(self, facts: RowFacts, rows: Rows, skipped_age_ms: Floats) -> None:
        self.facts = facts
        self.rows = rows
        self._skipped_age_ms = skipped_age_ms

    @property
    def data_sha256(self) -> str:
        return self.facts.data_sha256

    @property
    def columns(self) -> tuple[str, ...]:
        """The optional columns that the file has."""
        return self.facts.columns

    def need_times(self) -> None:
        """Refuse a file whose times cannot be used.

        Raises:
            DataError: They, or the time between them, are beyond nanoseconds in 64 bits.
        """
        if self.facts.out_of_reach is not None:
            raise DataError(self.facts.out_of_reach)

    def skipped(self, max_age_ms: float) -> tuple[int, int]:
        """How many rows are skipped under an age limit, and how many of them for their age.

        A row that is not tradable by its prices may be too old besides; it counts once as skipped.

        Args:
            max_age_ms: The limit; infinite for none, which a file without ages may have too.
        """
        by_prices = self.facts.rows - len(self.rows.row)
        if np.isinf(max_age_ms):
            return by_prices, 0
        stale = int((self.rows.age_ms > max_age_ms).sum())
        return by_prices + stale, stale + int((self._skipped_age_ms > max_age_ms).sum())

    def between(self, first_row: int, stop_row: int) -> PreparedRows:
        """The rows `first_row` to `stop_row` - 1 of a whole file; they keep their numbers."""
        first, stop = np.searchsorted(self.rows.row, [first_row, stop_row])
        rows = Rows._make(column[first:stop] for column in self.rows)
        skipped_age_ms = self._skipped_age_ms[first_row - first : stop_row - stop]
        return PreparedRows(replace(self.facts, rows=stop_row - first_row), rows, skipped_age_ms)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that an entry of the cache keeps of it."""
        return {**self.rows._asdict(), "skipped_age_ms": self._skipped_age_ms}

    @classmethod
    def of_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        rest = dict(arrays)
        skipped_age_ms = rest.pop("skipped_age_ms")
        columns = tuple(facts["columns"])
        return cls(RowFacts(**{**facts, "columns": columns}), Rows(**rest), skipped_age_ms)


def prepare_rows(file: DataFile, limits: DataLimits, arrays: Arrays) -> RowFacts:
    """Read a file and write what `PreparedRows` is made of; args and errors of `prepare`."""
    from arbitrage.data.readers.ahead import ahead
    from arbitrage.data.readers.block_reader import read_blocks  # polars

    writer = _RowWriter(arrays)
    for block in ahead(read_blocks(file, limits)):
        writer.take(block)
    return RowFacts(
        data_sha256=file.sha256,
        rows=writer.rows,
        content_bytes=file.content_bytes,
        columns=writer.columns,
        out_of_reach=writer.out_of_reach(),
    )


class _RowWriter:
    """Takes the rows of a file in their order.

    Attributes:
        rows: How many they are.
        columns: The optional ones that the file has.
    """

    def __init__(self, arrays: Arrays) -> None:
        self.rows = 0
        self.columns: tuple[str, ...] = ()
        self._first = self._last = ""
        self._written = {
            name: arrays.new(name, np.int64 if name in {"time_ns", "row"} else np.float64)
            for name in (*Rows._fields, "skipped_age_ms")
        }

    def take(self, block: Block) -> None:
        """The rows of the next block."""
        from arbitrage.data.columns import AGES, OPTIONAL_COLUMNS, SIZES
        from arbitrage.replay.kernel_calls import quotes_of  # numba

        prices, numbers = prices_of(block), block.numbers
        self.columns = tuple(name for name in OPTIONAL_COLUMNS if name in numbers.columns)
        row = quotes_of(prices).row
        kept = {**prices._asdict(), "time_ns": self._times(block)}
        kept |= {name: numbers[name].to_numpy() for name in SIZES if name in self.columns}
        if set(AGES) <= set(self.columns):
            kept["age_ms"] = _larger_age(numbers)
            skipped = skipped_numbers(len(numbers), row)
            self._written["skipped_age_ms"].append(kept["age_ms"][skipped])
        for name, column in kept.items():
            self._written[name].append(column if len(row) == len(column) else column[row])
        self._written["row"].append(row + self.rows)
        self.rows += len(numbers)

    def _times(self, block: Block) -> Integers:
        """The times of all rows; zeros where they cannot be used."""
        first, self._last = block.ends()
        self._first = self._first or first
        if self.out_of_reach() is not None:
            return np.zeros(block.numbers.height, np.int64)
        return block.stamps.moments_ns()

    def out_of_reach(self) -> str | None:
        """Why the times so far cannot be used, or None where they can."""
        from arbitrage.data.rules.moment_columns import check_reach

        try:
            check_reach(self._first, self._last)
        except DataError as error:
            return str(error)
        return None


def _larger_age(numbers: pl.DataFrame) -> Floats:
    """The larger age of each row, infinite where one is not known."""
    from arbitrage.data.columns import AGES

    larger = np.maximum(*(numbers[name].to_numpy() for name in AGES))
    return np.where(np.isnan(larger), np.inf, larger)
