"""What a walk-forward came to: a document that is kept beside the sweep's description."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import median, stdev
from typing import Annotated, Any, Literal

from pydantic import Field, FiniteFloat, NonNegativeInt, TypeAdapter, ValidationError

from arbitrage.documents.result import as_text
from arbitrage.documents.whole_file import write_whole
from arbitrage.results.store.folder import write_errors_in_a_sentence
from arbitrage.results.walk_forward.durations import duration_text

VERSION: Literal[1] = 1

_NS_PER_HOUR = 3_600 * 10**9
_MOST_HOURS = 1e9  # far beyond any file: a length in nanoseconds stays a number
_MOST_SECONDS = 3_600 * _MOST_HOURS


@dataclass(frozen=True, slots=True)
class Side:
    """What the chosen config came to in one window; zeros where none was chosen.

    Attributes:
        begin, end: The window has the rows later than the first of these times, up to the second.
        hours: How long it is; no longer than the file.
        first_row, stop_row: The rows `first_row` to `stop_row` - 1 of the file.
        net_pnl_usd: A trade that is open on the last row is marked there.
    """

    begin: str
    end: str
    hours: Annotated[float, Field(gt=0, le=_MOST_HOURS)]
    first_row: int
    stop_row: int
    net_pnl_usd: FiniteFloat = 0.0
    total_trades: int = 0
    open_trades: int = 0
    max_drawdown_pct: FiniteFloat = 0.0
    stopped_row: int | None = None

    @property
    def net_usd_per_hour(self) -> float:
        """The net profit over the length of the window."""
        return self.net_pnl_usd / self.hours

    def as_json(self) -> dict[str, Any]:
        """The window in the document."""
        return {**asdict(self), "net_usd_per_hour": self.net_usd_per_hour}


@dataclass(frozen=True, slots=True)
class FoldOutcome:
    """One fold: what was chosen on its training window, and what that came to in both windows.

    Attributes:
        config_number: The config that was chosen; None where the fold stands aside.
        parameters: Its values of what varies, by name; a null is None.
        stands_aside: Why none was chosen.
    """

    config_number: NonNegativeInt | None
    parameters: dict[str, FiniteFloat | None]
    stands_aside: str | None
    in_sample: Side
    out_of_sample: Side

    def as_json(self) -> dict[str, Any]:
        """The fold in the document."""
        sides = {"in_sample": self.in_sample, "out_of_sample": self.out_of_sample}
        return {**asdict(self), **{name: side.as_json() for name, side in sides.items()}}


@dataclass(frozen=True, slots=True)
class Point:
    """The profit out of sample of all folds so far, after the row of this time."""

    time: str
    net_pnl_usd: FiniteFloat


@dataclass(frozen=True, slots=True)
class Move:
    """How one parameter moves from fold to fold, over those that chose a config.

    Attributes:
        values: Those that were chosen, in the order of the folds; a null is None.
        changes: How many of them differ from the one before.
    """

    values: list[float | None]
    changes: int


@dataclass(frozen=True, slots=True)
class WalkForward:
    """All folds of one sweep over one file.

    Attributes:
        configs: How many each training window chose from.
        equity: The profit out of sample over time, as `stitching` has it.
    """

    sweep_id: str
    data_file: str
    data_sha256: str
    engine_version: str
    configs: int
    rank_by: str
    train_seconds: Annotated[float, Field(gt=0, le=_MOST_SECONDS)]
    test_seconds: Annotated[float, Field(gt=0, le=_MOST_SECONDS)]
    folds: Annotated[list[FoldOutcome], Field(min_length=1)]
    equity: list[Point]
    version: Literal[1] = VERSION

    @property
    def in_sample_usd_per_hour(self) -> float:
        """The net profit of all training windows over their hours."""
        return _per_hour([fold.in_sample for fold in self.folds])

    @property
    def out_of_sample_usd_per_hour(self) -> float:
        """The net profit of all test windows over their hours."""
        return _per_hour([fold.out_of_sample for fold in self.folds])

    @property
    def out_of_sample_usd(self) -> float:
        """The net profit of all test windows."""
        return sum(fold.out_of_sample.net_pnl_usd for fold in self.folds)

    @property
    def out_of_sample_length(self) -> str:
        """How long all test windows are together."""
        hours = sum(fold.out_of_sample.hours for fold in self.folds)
        return duration_text(round(hours * _NS_PER_HOUR))

    @property
    def kept_share(self) -> float | None:
        """The profit an hour out of sample over that in sample; None where there was none."""
        in_sample = self.in_sample_usd_per_hour
        return self.out_of_sample_usd_per_hour / in_sample if in_sample > 0 else None

    @property
    def spread(self) -> dict[str, float | int | None]:
        """How far the folds are apart out of sample, in USD an hour."""
        rates = [fold.out_of_sample.net_usd_per_hour for fold in self.folds]
        return {
            "lowest": min(rates),
            "median": median(rates),
            "highest": max(rates),
            "standard_deviation": stdev(rates) if len(rates) > 1 else None,
            "folds_with_profit": sum(rate > 0 for rate in rates),
        }

    @property
    def moves(self) -> dict[str, Move]:
        """How the parameters move that vary, by their names."""
        chosen = [fold.parameters for fold in self.chosen]
        return (
            {name: _move([values[name] for values in chosen]) for name in chosen[0]}
            if chosen
            else {}
        )

    @property
    def chosen(self) -> list[FoldOutcome]:
        """The folds that do not stand aside."""
        return [fold for fold in self.folds if fold.config_number is not None]

    def as_json(self) -> dict[str, Any]:
        """The document; what follows from the folds stands in it for those who only read it."""
        return {
            **asdict(self),
            "folds": [fold.as_json() for fold in self.folds],
            "in_sample_usd_per_hour": self.in_sample_usd_per_hour,
            "out_of_sample_usd_per_hour": self.out_of_sample_usd_per_hour,
            "kept_share": self.kept_share,
            "spread": self.spread,
            "moves": {name: asdict(move) for name, move in self.moves.items()},
        }

    def write(self, results_dir: Path) -> None:
        """Keep the document beside the description of the sweep, in place of an earlier one.

        Raises:
            ConfigError: It cannot be written there.
        """
        path = path_of(results_dir, self.sweep_id)
        with write_errors_in_a_sentence(path):
            write_whole(path, as_text(self.as_json()) + "\n")

    @classmethod
    def read(cls, path: Path) -> WalkForward | None:
        """The document in a file, or None where it has none that this version understands."""
        try:
            found = _adapter().validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None
        varied = {tuple(sorted(fold.parameters)) for fold in found.chosen}
        return found if len(varied) <= 1 else None


@cache
def _adapter() -> TypeAdapter[WalkForward]:
    """Made once: that takes longer than to read a document."""
    return TypeAdapter(WalkForward)


def path_of(results_dir: Path, sweep_id: str) -> Path:
    """Where the last walk-forward of a sweep is kept."""
    return results_dir / f"{sweep_id}.walk-forward.json"


def _per_hour(sides: list[Side]) -> float:
    return sum(side.net_pnl_usd for side in sides) / sum(side.hours for side in sides)


def _move(values: list[float | None]) -> Move:
    changes = sum(here != before for before, here in pairwise(values))
    return Move(values, changes)
