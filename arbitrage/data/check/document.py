"""What a check has found, as `--json` prints it; docs/data.md explains every key."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from arbitrage.data.check.batch import Venue
from arbitrage.data.check.counts.ages import Ages
from arbitrage.data.check.counts.histogram import Bin
from arbitrage.data.check.counts.sizes import Sizes
from arbitrage.data.check.counts.spreads import Opening
from arbitrage.data.check.counts.times import Times
from arbitrage.data.check.numbers.distribution import Quantiles


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows there are, and of what kind.

    The first five are `FileFacts.of_rows` of a prepared file.
    """

    snapshots_count: int
    skipped_snapshots: int
    empty_snapshots: int
    crossed_snapshots: int
    locked_snapshots: int
    repeated_rows: int
    unchanged_prices: int


@dataclass(frozen=True, slots=True)
class VenueQuotes:
    """The quotes of one venue; the first three count its own books, whatever the other's are."""

    empty: int
    crossed: int
    locked: int
    longest_still_seconds: float | None
    longest_still_from: str | None
    usual_move_bps: float | None
    jump_bound_bps: float | None
    jumps: int | None
    largest_move_bps: float | None
    largest_move_at: str | None


@dataclass(frozen=True, slots=True)
class Above:
    """How many tradable rows have a better spread above this."""

    bps: float
    rows: int


@dataclass(frozen=True, slots=True)
class SpreadFigures:
    """The spreads of the tradable rows, in bps; None and empty lists where there are none.

    Attributes:
        above: For 0, whose rows are the crossing ones, and for round figures up to the largest.
        worth_a_threshold_bps: The spread that one row in 10,000 reaches, and ten rows at least.
    """

    largest_bps: float | None
    largest_at: str | None
    worth_a_threshold_bps: float | None
    crossing_rows: int
    above: list[Above]
    long_a_short_b: Quantiles | None
    long_b_short_a: Quantiles | None
    better: Quantiles | None
    histogram: list[Bin]


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What a file is like.

    Attributes:
        data_file: The name that messages give it.
        columns: The optional columns that it has.
    """

    data_file: str
    data_sha256: str
    columns: list[str]
    rows: Rows
    times: Times
    venues: dict[Venue, VenueQuotes]
    ages: Ages | None
    sizes: Sizes | None
    spreads: SpreadFigures
    opening: Opening

    def as_json(self) -> dict[str, Any]:
        """The object that a program reads."""
        return asdict(self)
