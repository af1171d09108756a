"""A data file prepared row by row: what a config with options looks at beside the prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from arbitrage.data.files.data_file import DataFile, DataLimits
from arbitrage.errors import DataError
from arbitrage.replay.kernels.layout import Floats, Integers, Prices, Rows

if TYPE_CHECKING:
    import polars as pl

    from arbitrage.data.snapshot_table import SnapshotTable


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
            the file has both ages, `time_ns` is all zeros where `need_times` refuses.
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

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that an entry of the cache keeps of it."""
        return {**self.rows._asdict(), "skipped_age_ms": self._skipped_age_ms}

    @classmethod
    def of_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        rest = dict(arrays)
        skipped_age_ms = rest.pop("skipped_age_ms")
        columns = tuple(facts["columns"])
        return cls(RowFacts(**{**facts, "columns": columns}), Rows(**rest), skipped_age_ms)


def prepare_rows(file: DataFile, limits: DataLimits) -> PreparedRows:
    """A file that has been read, prepared row by row.

    Raises:
        DataError: As `arbitrage.data.snapshot_table.load_snapshots`.
    """
    from arbitrage.data.columns import OPTIONAL_COLUMNS
    from arbitrage.data.snapshot_table import read_snapshots  # polars

    table = read_snapshots(file, limits)
    times, out_of_reach = _times(table)
    age_ms = _ages(table.frame)
    rows = _rows(table.frame, age_ms, times)
    facts = RowFacts(
        data_sha256=file.sha256,
        rows=len(table),
        content_bytes=len(file.content),
        columns=tuple(name for name in OPTIONAL_COLUMNS if name in table.frame.columns),
        out_of_reach=out_of_reach,
    )
    skipped_age_ms = np.delete(age_ms, rows.row) if len(age_ms) else age_ms
    return PreparedRows(facts, rows, skipped_age_ms)


def _times(table: SnapshotTable) -> tuple[Integers, str | None]:
    """The times of all rows, or zeros and why they cannot be used."""
    try:
        return table.moments_ns(), None
    except DataError as error:
        return np.zeros(len(table), np.int64), str(error)


def _ages(frame: pl.DataFrame) -> Floats:
    """The larger age of each row, infinite where one is not known; empty without both columns."""
    from arbitrage.data.columns import AGES

    if not set(AGES) <= set(frame.columns):
        return np.empty(0)
    larger = np.maximum(*(frame[name].to_numpy() for name in AGES))
    return np.where(np.isnan(larger), np.inf, larger)


def _rows(frame: pl.DataFrame, age_ms: Floats, time_ns: Integers) -> Rows:
    from arbitrage.data.columns import PRICES, SIZES
    from arbitrage.replay.kernel_calls import quotes_of, read_only  # numba

    prices = Prices._make(read_only(frame[name].to_numpy()) for name in PRICES)
    row = quotes_of(prices).row
    sizes = [frame[name].to_numpy() if name in frame.columns else np.empty(0) for name in SIZES]
    columns = [*prices, *sizes, age_ms, time_ns]
    kept = [read_only(column[row] if len(column) else column) for column in columns]
    return Rows._make([*kept, row])
