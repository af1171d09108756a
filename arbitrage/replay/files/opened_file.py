"""A data file as configs are replayed over it: its windows, and for options its rows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from arbitrage.data.files.data_file import DataLimits
from arbitrage.errors import DataChanged
from arbitrage.replay.files import data_cache
from arbitrage.replay.model.needed_columns import NEEDED_COLUMNS, TIMED, check_columns

if TYPE_CHECKING:
    from arbitrage.replay.files.prepared_file import FileFacts
    from arbitrage.replay.files.prepared_rows import PreparedRows
    from arbitrage.replay.kernels.layout import Floats, Windows


class OpenedFile:
    """A data file whose windows are prepared; its rows are when they are first needed.

    Attributes:
        facts: What is known of the file besides its rows.
        windows: Its tradable rows, for configs without options.
    """

    def __init__(self, path: str | Path, limits: DataLimits | None, name: str | None) -> None:
        self._source = path, limits, name
        self._prepared = data_cache.open_data(path, limits, name=name)
        self.facts: FileFacts = self._prepared.facts
        self.windows: Windows = self._prepared.windows

    @property
    def data_sha256(self) -> str:
        return self.facts.data_sha256

    @property
    def rows(self) -> int:
        return self.facts.rows

    def timestamp(self, row: int) -> str:
        """The timestamp of a row, as the file has it."""
        return self._prepared.timestamp(row)

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
                check_columns(name, self.with_options.columns, self._shown_name)
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
            raise DataChanged(f"{self._shown_name} has changed while it was being replayed")
        return rows

    @property
    def _shown_name(self) -> str:
        path, _, name = self._source
        return f"the data file {str(path) if name is None else name!r}"


def open_data(
    path: str | Path, limits: DataLimits | None = None, *, name: str | None = None
) -> OpenedFile:
    """A data file, from the cache or prepared now; args and errors of `data_cache.open_data`."""
    return OpenedFile(path, limits, name)
