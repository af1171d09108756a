"""Tables of configs and their figures, for people; a terminal gets the columns that fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.table import Table

TITLES = {
    "net_pnl_usd": "net USD",
    "realized_pnl_usd": "realized USD",
    "total_trades": "trades",
    "win_rate": "win rate",
    "max_drawdown_pct": "drawdown %",
}

# What gives way, one after the other, where a line is too short for all; the parameters follow, the
# last first.
LEAST_MISSED = ("win_rate", "realized_pnl_usd", "total_trades", "max_drawdown_pct")

UNBOUNDED = 10_000  # columns

TableColumn = tuple[str, list[str]]
"""A title and the cells below it."""


def title_of(figure: str) -> str:
    """What a figure's column is called, a word a line."""
    return TITLES.get(figure, figure.replace("_", " ")).replace(" ", "\n")


def figure_cell(value: float | None) -> str:
    """A figure as a ranking has it."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:z,.2f}"


def fitting(
    columns: Mapping[str, TableColumn], parameters: Sequence[str], kept: str, width: int
) -> list[str]:
    """The columns that a line of this width has room for.

    Args:
        columns: All of them, by their names.
        parameters: Those of them that give way when no figure does any more, the last first.
        kept: The one that stays.
        width: How many characters a line has.
    """
    shown = list(columns)
    for name in [*LEAST_MISSED, *reversed(parameters)]:
        if _width(columns[name] for name in shown) <= width:
            break
        if name in shown and name != kept:
            shown.remove(name)
    return shown


def table(columns: Iterable[TableColumn]) -> Table:
    """Columns side by side, with two blanks between them."""
    made = Table(box=None, pad_edge=False)
    parts = list(columns)
    for title, _ in parts:
        made.add_column(title, justify="right", no_wrap=True)
    for cells in zip(*(cells for _, cells in parts), strict=True):
        made.add_row(*cells)
    return made


def not_shown(columns: Iterable[str]) -> str:
    """What to do about columns that do not fit."""
    return f"No room for {', '.join(columns)}: the Parquet files have them, or a wider terminal."


def _width(columns: Iterable[TableColumn]) -> int:
    """Of columns side by side, with two blanks between them."""
    widths = [max(map(len, [*title.split("\n"), *cells])) + 2 for title, cells in columns]
    return sum(widths) - 2
