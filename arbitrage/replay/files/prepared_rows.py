"""A data file prepared row by row: what a config with options looks at beside the prices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from arbitrage.errors import DataError
from arbitrage.replay.kernels.layout import Floats, Rows


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

    @property
    def has_times(self) -> bool:
        """Whether the times of the file can be used."""
        return self.facts.out_of_reach is None

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
