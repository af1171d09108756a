"""A data file as configs are replayed over it: its windows, and for options its rows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from arbitrage.data.files.data_limits import DataLimits
from arbitrage.errors import DataChanged
from arbitrage.replay.files import data_cache
from arbitrage.replay.model.needed_columns import NEEDED_COLUMNS, TIMED, check_columns

if TYPE_CHECKING:
    from arbitrage.replay.files.prepared_file import FileFacts
    from arbitrage.replay.files.prepared_rows import PreparedRows
    from arbitrage.replay.kernels.layout import Floats, Integers, Windows


class OpenedFile:
    """A data file whose windows are prepared; its rows are when they are first needed.

    Attributes:
        facts: What is known of the whole file besides its rows.
    """

    def __init__(self, path: str | Path, limits: DataLimits | None, name: str | None) -> None:
        self._source = path, limits, name
        self._prepared = data_cache.open_data(path, limits, name=name)
        self.facts: FileFacts = self._prepared.facts

    @cached_property
    def windows(self) -> Windows:
        """Its tradable rows, for configs without options."""
        return self._prepared.windows

    @property
    def data_sha256(self) -> str:
        return self.facts.data_sha256

    @property
    def row_numbers(self) -> range:
        """The numbers of its rows in the whole file."""
        return range(self.facts.rows)

    @property
    def rows(self) -> int:
        return len(self.row_numbers)

    def timestamp(self, row: int) -> str:
        """The timestamp of a row, as the file has it."""
        return self._prepared.timestamp(row)

    def row_after(self, moment_ns: int) -> int:
        """The number of the first row later than a moment; that of all rows where there is none.

        Args:
            moment_ns: Nanoseconds since 1970.
        """
        return bisect_right(range(self.facts.rows), moment_ns, key=self.moment_ns)

    def moment_ns(self, row: int) -> int:
        """The time of a row, in nanoseconds since 1970."""
        return self._prepared.moment_ns(row)

    def between(self, first_row: int, stop_row: int) -> OpenedFile:
        """The rows `first_row` to `stop_row` - 1 as a file of its own; they keep their numbers.

        A run over them knows nothing of the others: it begins flat, with no order in flight and no
        quote hit, and a trade that is open on the last row is marked there. Nothing is copied but
        what is made of the rows for configs without options.

        Raises:
            IndexError: The file does not have all of these rows.
        """
        if not 0 <= first_row <= stop_row <= self.facts.rows:
            raise IndexError(f"rows {first_row} to {stop_row} of a file of {self.facts.rows}")
        return _RangeOfFile(self, first_row, stop_row)

    @property
    def skipped(self) -> int:
        """How many rows are not tradable by their prices."""
        return self.facts.skipped

    def skipped_and_stale(self, max_quote_age_ms: float | None) -> tuple[int, int]:
        """How many rows are skipped under an age limit, and how many of these are too old."""
        if max_quote_age_ms is None:
            return self.skipped, 0
        return self.with_options.skipped(max_quote_age_ms)

    def check(self, columns: Mapping[str, Floats]) -> None:
        """Refuse a file without what the options of some configs need.

        Args:
            columns: The fields of the configs by their names; NaN where one is not set.

        Raises:
            DataError: The sentence names the columns that are missing, or the times out of reach.
        """
        for name in NEEDED_COLUMNS:
            if not np.isnan(columns[name]).all():
                check_columns(name, self.with_options.columns, self.shown_name)
        if any(np.nan_to_num(columns[name]).any() for name in TIMED):
            self.with_options.need_times()

    @cached_property
    def with_options(self) -> PreparedRows:
        """The rows for configs with options.

        Raises:
            DataChanged: The file is not the one that was opened.
            DataError, OSError: As `open_data`.
        """
        path, limits, name = self._source
        rows = data_cache.open_rows(path, limits, name=name)
        if rows.data_sha256 != self.data_sha256:
            raise DataChanged(f"{self.shown_name} has changed while it was being replayed")
        return rows

    @property
    def shown_name(self) -> str:
        path, _, name = self._source
        return f"the data file {str(path) if name is None else name!r}"


class _RangeOfFile(OpenedFile):
    """The rows `first_row` to `stop_row` - 1 of a file."""

    def __init__(self, whole: OpenedFile, first_row: int, stop_row: int) -> None:
        self._whole, self._range = whole, (first_row, stop_row)
        self.facts = whole.facts

    @cached_property
    def windows(self) -> Windows:
        from arbitrage.replay.kernel_calls import windows_between  # numba

        return windows_between(self.with_options.rows, self._skipped_rows)

    @cached_property
    def with_options(self) -> PreparedRows:
        return self._whole.with_options.between(*self._range)

    @property
    def row_numbers(self) -> range:
        return range(*self._range)

    @property
    def skipped(self) -> int:
        return len(self._skipped_rows)

    def timestamp(self, row: int) -> str:
        return self._whole.timestamp(row)

    def moment_ns(self, row: int) -> int:
        return self._whole.moment_ns(row)

    def between(self, first_row: int, stop_row: int) -> OpenedFile:
        own_first, own_stop = self._range
        if not own_first <= first_row <= stop_row <= own_stop:
            raise IndexError(f"rows {first_row} to {stop_row} of rows {own_first} to {own_stop}")
        return self._whole.between(first_row, stop_row)

    @property
    def _skipped_rows(self) -> Integers:
        skipped = self._whole.windows.skipped
        first, stop = np.searchsorted(skipped, self._range)
        return skipped[first:stop]

    @property
    def shown_name(self) -> str:
        return self._whole.shown_name


def open_data(
    path: str | Path, limits: DataLimits | None = None, *, name: str | None = None
) -> OpenedFile:
    """A data file, from the cache or prepared now; args and errors of `data_cache.open_data`."""
    return OpenedFile(path, limits, name)
