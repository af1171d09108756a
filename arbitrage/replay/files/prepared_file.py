"""A data file prepared: its quotes in the arrays that the replay runs over.

The file is read and its arrays are written block by block, so memory holds little of either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import NDArray

from arbitrage.data.files.data_file import DataFile, DataLimits
from arbitrage.replay.arrays import Arrays
from arbitrage.replay.files.skipped_rows import SkippedRows, skipped_numbers, skipped_rows
from arbitrage.replay.files.timestamps import Run, Timestamps, TimestampWriter
from arbitrage.replay.kernels.layout import Prices, Windows

if TYPE_CHECKING:
    from arbitrage.data.rules.checked_rows import Block
    from arbitrage.replay.window_writer import WindowWriter


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

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that the cache keeps of the file."""
        return {**self.windows._asdict(), **self._timestamps.arrays}

    @classmethod
    def of_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        forms = tuple((row, form) for row, form in facts["forms"])
        windows = Windows(**{name: arrays[name] for name in Windows._fields})
        return cls(FileFacts(**{**facts, "forms": forms}), windows, Timestamps(forms, arrays))


def prepare(file: DataFile, limits: DataLimits, arrays: Arrays) -> FileFacts:
    """Read a file and write what `PreparedFile` is made of.

    Args:
        file: What to read.
        limits: Bounds on it.
        arrays: Where to write.

    Raises:
        DataError: As `arbitrage.data.snapshot_table.load_snapshots`.
        CannotKeepError: It cannot be written there.
    """
    from arbitrage.data.readers.ahead import ahead
    from arbitrage.data.readers.block_reader import read_blocks  # polars
    from arbitrage.replay.window_writer import WindowWriter  # numba

    windows, timestamps, counts = WindowWriter(arrays), TimestampWriter(arrays), _Counts()
    for block in ahead(read_blocks(file, limits)):
        counts.take(windows, block)
        timestamps.take(block.stamps)
    windows.finish()
    return FileFacts(
        data_sha256=file.sha256,
        rows=counts.rows,
        skipped=sum(counts.skipped),
        content_bytes=file.content_bytes,
        **counts.skipped._asdict(),
        largest_spread_bps=counts.largest_spread_bps,
        forms=tuple(timestamps.runs),
    )


class _Counts:
    """What is counted of the blocks of a file, which are handed on to its windows."""

    def __init__(self) -> None:
        self.rows = 0
        self.skipped = SkippedRows(0, 0, 0)
        self.largest_spread_bps: float | None = None

    def take(self, windows: WindowWriter, block: Block) -> None:
        from arbitrage.replay.kernel_calls import quotes_of, read_only  # numba

        prices = prices_of(block)
        quotes, rows = quotes_of(prices), block.numbers.height
        skipped = skipped_numbers(rows, quotes.row)
        counts = skipped_rows(prices, skipped)
        self.skipped = SkippedRows(*map(sum, zip(self.skipped, counts, strict=True)))
        if len(quotes.best):
            highest, before = quotes.best.max().item(), self.largest_spread_bps
            self.largest_spread_bps = highest if before is None else max(highest, before)
        moved = quotes._replace(row=read_only(quotes.row + self.rows))
        windows.take(moved, skipped + self.rows)
        self.rows += rows


def prices_of(block: Block) -> Prices:
    """The prices of a block, for the kernels."""
    from arbitrage.data.columns import PRICES
    from arbitrage.replay.kernel_calls import read_only  # numba

    return Prices._make(read_only(block.numbers[column].to_numpy()) for column in PRICES)
