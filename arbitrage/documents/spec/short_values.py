"""The values of a grid as people write them: 14.7 where `start + i * step` is 14.700000000000001.

A range is rounded to the digits in which its values can be written exactly, so the text means the
number of the spec; where no few digits can, as for thirds, and in a list the value stays as it is.
"""

from __future__ import annotations

from fractions import Fraction

from arbitrage.documents.spec.axes import HIT_STEPS
from arbitrage.documents.spec.grids import Grid, exact

_MOST_DIGITS = 15  # after the point; what needs more is not short


def short_value(grid: Grid, value: float | None) -> float | None:
    """The number that a value of a grid is shown as."""
    if value is None or grid.values is not None:
        return value
    start, rise = _as_written(grid)
    digits = _digits(start, rise)
    rounded = value if digits is None else round(value, digits)
    return rounded if abs(Fraction(rounded) - Fraction(value)) <= HIT_STEPS * abs(rise) else value


def short_text(grid: Grid, value: float | None) -> str:
    """The text that a value of a grid is shown as."""
    return exact(short_value(grid, value))


def _as_written(grid: Grid) -> tuple[Fraction, Fraction]:
    """Where a range starts, and how far apart its values are, as the decimals of the spec."""
    start, stop = Fraction(str(grid.start)), Fraction(str(grid.stop))
    if grid.step is not None:
        return start, Fraction(str(grid.step))
    return start, (stop - start) / max((grid.num or 1) - 1, 1)


def _digits(*numbers: Fraction) -> int | None:
    """How many digits after the point write all of these numbers exactly."""
    for digits in range(_MOST_DIGITS + 1):
        if all((number * 10**digits).denominator == 1 for number in numbers):
            return digits
    return None
