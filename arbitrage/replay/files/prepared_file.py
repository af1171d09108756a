"""A data file prepared: its quotes in the arrays that the replay runs over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from numpy.typing import NDArray

from arbitrage.replay.files.timestamps import Run, Timestamps
from arbitrage.replay.kernels.layout import Windows


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of a file besides its rows.

    `empty`, `crossed` and `locked` add up to `skipped`, see `SkippedRows`; `largest_spread_bps` is
    that of the tradable rows, None where there are none. `forms` are those of the timestamps.
    """

    data_sha256: str
    rows: int
    skipped: int
    content_bytes: int
    empty: int
    crossed: int
    locked: int
    largest_spread_bps: float | None
    forms: tuple[Run, ...]

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
        facts: What is known of the file besides its rows.
        windows: Its tradable rows, for the kernels.
    """

    def __init__(self, facts: FileFacts, windows: Windows, timestamps: Timestamps) -> None:
        self.facts = facts
        self.windows = windows
        self._timestamps = timestamps

    def timestamp(self, row: int) -> str:
        """The timestamp of a row, as the file has it."""
        return self._timestamps.text(row)

    def moment_ns(self, row: int) -> int:
        """The time of a row, in nanoseconds since 1970."""
        return self._timestamps.moment_ns(row)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that the cache keeps of the file."""
        return {**self.windows._asdict(), **self._timestamps.arrays}

    @classmethod
    def of_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        forms = tuple((row, form) for row, form in facts["forms"])
        windows = Windows(**{name: arrays[name] for name in Windows._fields})
        return cls(FileFacts(**{**facts, "forms": forms}), windows, Timestamps(forms, arrays))
