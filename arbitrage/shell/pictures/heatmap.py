"""A figure over two parameters: one digit a cell, on a colour where the terminal has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.style import Style
from rich.text import Text

from arbitrage.shell.console import printable
from arbitrage.shell.pictures.figures import short_figure

MAX_DOWN = 20
MAX_ACROSS = 20

_CELL = 3  # columns
_LABEL = 14
_STEPS = 10
_NONE = "."
_BELOW = "-"

# From dark to light in ten even steps of lightness, so that they are told apart in grey, too.
_COLOURS = (
    *("#30123b", "#3b2f80", "#4145ab", "#3f6fd0", "#2f97c9"),
    *("#24b5a5", "#4fc977", "#93d54a", "#cbdc3a", "#f6e527"),
)
_DARK = 5  # of them: their digits are white
_LOSS = Style(color="#ffffff", bgcolor="#7a1f2b")


class Axis(NamedTuple):
    """A parameter and its values as people write them, in their order."""

    name: str
    labels: Sequence[str]


class Heatmap(NamedTuple):
    """A figure over two parameters, at most `MAX_DOWN` by `MAX_ACROSS` cells.

    Attributes:
        figure: What the cells are, in a few words.
        values: A row for each label of `down`; None where nothing is known.
    """

    figure: str
    down: Axis
    across: Axis
    values: Sequence[Sequence[float | None]]


class _Scale(NamedTuple):
    """What the digits mean: tenths of the way from `low` to `high`; below `low` there is none."""

    low: float
    high: float

    def step(self, value: float) -> int:
        """The digit of a value, below 0 where it has none."""
        if value < self.low:
            return -1
        if self.high == self.low:
            return _STEPS - 1
        share = (value - self.low) / (self.high - self.low)
        return min(int(_STEPS * share), _STEPS - 1)


def heatmap_text(heatmap: Heatmap) -> Text:
    """The picture, within 80 columns: a title, the cells, and what their digits mean."""
    known = [value for row in heatmap.values for value in row if value is not None]
    scale = _scale(known)
    width = min(max(map(len, heatmap.down.labels), default=0), _LABEL)
    text = Text(f"{heatmap.figure}: {heatmap.down.name} down, {heatmap.across.name} across\n")
    for label, row in zip(heatmap.down.labels, heatmap.values, strict=True):
        text.append(f"{_short(label):>{width}} ")
        for value in row:
            text.append(*_cell(value, scale))
        text.append("\n")
    text.append(f"{'':{width}} {_labels_below(heatmap.across.labels)}\n")
    text.append(", ".join(_legend(known, scale, len(known) < _cells(heatmap))))
    return text


def _scale(known: list[float]) -> _Scale:
    """From the lowest to the highest value; from 0 where there are values on both sides of it."""
    low, high = min(known, default=0.0), max(known, default=0.0)
    return _Scale(max(low, 0.0) if high > 0 else low, high)


def _cell(value: float | None, scale: _Scale) -> tuple[str, Style | None]:
    if value is None:
        return f"{_NONE:^{_CELL}}", None
    step = scale.step(value)
    if step < 0:
        return f"{_BELOW:^{_CELL}}", _LOSS
    ink = "#ffffff" if step < _DARK else "#000000"
    return f"{step:^{_CELL}}", Style(color=ink, bgcolor=_COLOURS[step])


def _labels_below(labels: Sequence[str]) -> str:
    """As many labels as there is room for, each below the left edge of its cell."""
    shown = [_short(label) for label in labels]
    every = -(-(max(map(len, shown), default=0) + 1) // _CELL)  # rounded up
    cells = [f"{label:<{every * _CELL}}" for label in shown[::every]]
    return "".join(f" {cell}" if index == 0 else cell for index, cell in enumerate(cells)).rstrip()


def _legend(known: list[float], scale: _Scale, has_gaps: bool) -> list[str]:
    if not known:
        return ["no cell has a value"]
    parts = [f"9 up to {short_figure(scale.high)}"]
    parts += [f"0 from {short_figure(scale.low)} on"] if scale.high > scale.low else []
    lowest = min(known)
    parts += [f"{_BELOW} below 0 (lowest {short_figure(lowest)})"] if lowest < scale.low else []
    return [*parts, f"{_NONE} no value"] if has_gaps else parts


def _cells(heatmap: Heatmap) -> int:
    return len(heatmap.down.labels) * len(heatmap.across.labels)


def _short(label: str) -> str:
    clean = printable(label)
    return clean if len(clean) <= _LABEL else f"{clean[: _LABEL - 1]}~"
