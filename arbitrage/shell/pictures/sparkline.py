"""A series of numbers on one line."""

from __future__ import annotations

from collections.abc import Sequence

from arbitrage.shell.pictures.figures import short_figure

WIDTH = 60

_BLOCKS = "▁▂▃▄▅▆▇█"
_DIGITS = "01234567"  # the same, where only ASCII is wanted


def sparkline(values: Sequence[float], *, width: int = WIDTH, plain: bool = False) -> str:
    """A mark for each of at most `width` moments, the last of them the last value.

    Args:
        values: The series, at even distances.
        width: How many columns it may take.
        plain: Whether to use digits, 0 for the lowest, 7 for the highest.
    """
    marks = _DIGITS if plain else _BLOCKS
    count = min(len(values), width)
    seen = [values[(place + 1) * len(values) // count - 1] for place in range(count)]
    low, high = min(seen, default=0.0), max(seen, default=0.0)
    rise = high - low
    return "".join(
        marks[round((value - low) / rise * (len(marks) - 1)) if rise else 0] for value in seen
    )


def sparkline_lines(title: str, values: Sequence[float], *, plain: bool = False) -> str:
    """A title, the line, and between which values it runs, within 80 columns."""
    if not len(values):
        return f"{title}: no values"
    first, last = short_figure(values[0]), short_figure(values[-1])
    low, high = short_figure(min(values)), short_figure(max(values))
    figures = f"{first} to {last} (lowest {low}, highest {high})"
    return f"{title}, {figures}\n{sparkline(values, plain=plain)}"
