"""A data file prepared: its quotes in the arrays that the replay runs over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from arbitrage.data.files.data_file import DataFile, DataLimits
from arbitrage.replay.files.skipped_rows import skipped_rows
from arbitrage.replay.kernels.layout import Prices, Windows


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of a file besides its rows.

    `empty`, `crossed` and `locked` add up to `skipped`, see `SkippedRows`; `largest_spread_bps` is
    that of the tradable rows, None where there are none.
    """

    data_sha256: str
    rows: int
    skipped: int
    content_bytes: int
    empty: int
    crossed: int
    locked: int
    largest_spread_bps: float | None

    def of_rows(self) -> dict[str, Any]:
        """What a sweep's answer says of the rows, as JSON."""
        return {
            "snapshots_count": self.rows,
            "skipped_snapshots": self.skipped,
            "empty_snapshots": self.empty,
            "crossed_snapshots": self.crossed,
            "locked_snapshots": self.locked,
            "largest_spread_bps": self.largest_spread_bps,
        }


class PreparedFile:
    """A data file, ready to be replayed.

    Attributes:
        data_sha256: Hex digest of the file's bytes as they are stored.
        rows: How many rows it has.
        skipped: How many of them are not tradable.
        windows: The rest, for the kernels.
    """

    def __init__(
        self,
        facts: FileFacts,
        windows: Windows,
        timestamps: NDArray[np.uint8],
        line_ends: NDArray[np.int64],
    ) -> None:
        self.facts = facts
        self.windows = windows
        self._timestamps = timestamps
        self._line_ends = line_ends

    @property
    def data_sha256(self) -> str:
        return self.facts.data_sha256

    @property
    def rows(self) -> int:
        return self.facts.rows

    @property
    def skipped(self) -> int:
        return self.facts.skipped

    def timestamp(self, row: int) -> str:
        """The timestamp of a row, as the file has it."""
        start = 0 if row == 0 else int(self._line_ends[row - 1]) + 1
        return bytes(self._timestamps[start : int(self._line_ends[row])]).decode()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that the cache keeps of the file."""
        texts = {"timestamps": self._timestamps, "line_ends": self._line_ends}
        return {**self.windows._asdict(), **texts}

    @classmethod
    def of_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        rest = dict(arrays)
        timestamps, line_ends = rest.pop("timestamps"), rest.pop("line_ends")
        return cls(FileFacts(**facts), Windows(**rest), timestamps, line_ends)


def prepare(file: DataFile, limits: DataLimits) -> PreparedFile:
    """A file that has been read, prepared.

    Raises:
        DataError: As `arbitrage.data.snapshot_table.load_snapshots`.
    """
    from arbitrage.data.columns import PRICES
    from arbitrage.data.snapshot_table import read_snapshots  # polars
    from arbitrage.replay.kernel_calls import quotes_of, read_only, windows_of  # numba

    table = read_snapshots(file, limits)
    prices = Prices._make(read_only(table.frame[column].to_numpy()) for column in PRICES)
    quotes = quotes_of(prices)
    timestamps = np.frombuffer(table.timestamp_lines(), np.uint8)
    line_ends = np.flatnonzero(timestamps == ord("\n"))
    facts = FileFacts(
        data_sha256=file.sha256,
        rows=len(table),
        skipped=len(table) - len(quotes.row),
        content_bytes=len(file.content),
        **skipped_rows(prices, quotes.row)._asdict(),
        largest_spread_bps=quotes.best.max().item() if len(quotes.best) else None,
    )
    return PreparedFile(facts, windows_of(quotes), timestamps, line_ends)
