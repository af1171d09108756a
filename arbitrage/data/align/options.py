"""What a user asks of an alignment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from arbitrage.data.files.data_limits import DataLimits

VENUES = ("a", "b")

ClockName: TypeAlias = Literal["receipt", "exchange"]


@dataclass(frozen=True, slots=True)
class VenueFiles:
    """The raw files of one venue, or of one rate, and how they are to be read.

    Attributes:
        label: What messages and flags call it: `a`, `b`, `fx-a`, `fx-b`.
        paths: The files, in any order.
        format_name: The source that they are of; None: by their content.
        mapping: Their columns in the user's words, such as `time=ts,bid=b,ask=a`.
        symbol: The one that is wanted of several.
        offset_ns: What is added to its clock.
    """

    label: str
    paths: tuple[Path, ...]
    format_name: str | None = None
    mapping: str | None = None
    symbol: str | None = None
    offset_ns: int = 0


Rate: TypeAlias = float | VenueFiles
"""What a venue's prices are multiplied by: a number, or the mid of the quotes in some files."""


@dataclass(frozen=True, slots=True)
class Request:
    """One alignment.

    Attributes:
        a, b: The venues.
        clock: The clock whose order the rows have; None: receipt where there is one.
        every_ns: The step of a grid of rows; None: a row for each change.
        timezone: The zone of times that name none.
        fx_a, fx_b: The rates of the venues' prices.
        limits: Bounds on each raw file.
    """

    a: VenueFiles
    b: VenueFiles
    clock: ClockName | None = None
    every_ns: int | None = None
    timezone: str | None = None
    fx_a: Rate | None = None
    fx_b: Rate | None = None
    limits: DataLimits = field(default_factory=DataLimits)

    def files(self) -> list[VenueFiles]:
        """All that is to be read."""
        rates = [rate for rate in (self.fx_a, self.fx_b) if isinstance(rate, VenueFiles)]
        return [self.a, self.b, *rates]

    def constant_rates(self) -> dict[str, float]:
        """The rates that are numbers, by the letter of their venue."""
        rates = {"a": self.fx_a, "b": self.fx_b}
        return {label: rate for label, rate in rates.items() if isinstance(rate, float)}
