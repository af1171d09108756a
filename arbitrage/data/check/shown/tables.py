"""The quantiles of the spreads, and a picture of them drawn with characters."""

from __future__ import annotations

from rich.bar import Bar
from rich.console import Console, RenderableType
from rich.table import Table

from arbitrage.data.check.counts.histogram import Bin
from arbitrage.data.check.document import SpreadFigures

_SIDES = {"long A, short B": "long_a_short_b", "long B, short A": "long_b_short_a"}
_QUANTILES = {
    "min": "min",
    "1 %": "p1",
    "25 %": "p25",
    "50 %": "p50",
    "75 %": "p75",
    "99 %": "p99",
    "99.9 %": "p99_9",
    "max": "max",
}
_NARROWEST, _WIDEST = 0.1, 9_999  # of the spreads that six characters can tell apart
_BAR_COLUMNS = 20
_EIGHTHS = 8  # of a column: the finest that a bar can show


def quantiles(spreads: SpreadFigures) -> Table:
    """A line for each side and one for the better one of each row, in bps."""
    table = _table("spread, bps", *_QUANTILES)
    sides = [getattr(spreads, name) for name in _SIDES.values()]
    widest = max(abs(end) for side in sides for end in (side.min, side.max))
    for title, name in (*_SIDES.items(), ("the better one", "better")):
        found = getattr(spreads, name)
        numbers = (getattr(found, one) for one in _QUANTILES.values())
        table.add_row(title, *(_fixed(number, widest) for number in numbers))
    return table


def _fixed(number: float, widest: float) -> str:
    """A number in six characters, with as many decimals as the widest one has room for."""
    if not _NARROWEST <= widest < _WIDEST:
        return f"{number:.0e}"
    whole_digits = len(f"{widest:.0f}")
    return f"{number:z.{4 - whole_digits}f}"


def picture(bins: list[Bin], console: Console) -> Table:
    """A line a bin: where it begins, and for each side its rows and a bar as long as they are many.

    Both sides have one scale. A bin with any rows has some bar.
    """
    table = _table("bps")
    for title in _SIDES:
        table.add_column("rows", justify="right", no_wrap=True)
        table.add_column(title, width=_BAR_COLUMNS, no_wrap=True)
    most = max(getattr(bin_, side) for bin_ in bins for side in _SIDES.values())
    for bin_ in bins:
        counts = [getattr(bin_, side) for side in _SIDES.values()]
        cells = ((f"{count:,}", _bar(count, most, console)) for count in counts)
        table.add_row(_title(bin_), *(cell for pair in cells for cell in pair))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for title in others:
        table.add_column(title, justify="right", no_wrap=True)
    return table


def _title(bin_: Bin) -> str:
    if bin_.from_bps is None:
        return f"below {bin_.to_bps:,.6g}"
    return f"from {bin_.from_bps:,.6g}"


def _bar(count: int, most: int, console: Console) -> RenderableType:
    if console.options.ascii_only:
        return "#" * -(-count * _BAR_COLUMNS // most)
    least = most / _BAR_COLUMNS / _EIGHTHS
    return Bar(most, 0, max(count, least) if count else 0, width=_BAR_COLUMNS)
