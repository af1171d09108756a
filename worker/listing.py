"""Lists of jobs as commands print them for a pipe: a line a job, its cells between tabs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime


def print_lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a title a column, then the rows."""
    for cells in (columns, *rows):
        print("\t".join(cells))


def moment(seconds: float | None) -> str:
    """A time of the ledger for a person."""
    return datetime.fromtimestamp(seconds or 0.0, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def printable(text: str) -> str:
    """A text of somebody's on one line, with nothing in it that a terminal obeys."""
    return "".join(mark if mark.isprintable() else " " for mark in text)
