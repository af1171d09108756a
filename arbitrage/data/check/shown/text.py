"""Prints what a check has found."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from arbitrage.data.check.document import FileCheck
from arbitrage.data.check.shown.paragraphs import Paragraph, facts, openings
from arbitrage.data.check.shown.tables import picture, quantiles

COLUMNS = 80
_LABEL = 10  # of them, for what stands left of a paragraph


def print_check(check: FileCheck, cautions: Iterable[str]) -> None:
    """Print all of it on stdout: paragraphs, quantiles, the picture, what would open a trade."""
    console = Console(width=COLUMNS, highlight=False, markup=False, emoji=False)
    _print(console, facts(check))
    if check.spreads.histogram:
        for table in (quantiles(check.spreads), picture(check.spreads.histogram, console)):
            _print_table(console, table)
    console.print()
    _print(console, [*openings(check), *(("caution", f"{one}.") for one in cautions)])


def _print_table(console: Console, table: Table) -> None:
    """Print a table after an empty line, without blanks at the ends of its lines."""
    with console.capture() as captured:
        console.print(table)
    lines = (line.rstrip() for line in captured.get().splitlines())
    console.print("\n".join(["", *lines]), soft_wrap=True)


def _print(console: Console, paragraphs: Iterable[Paragraph]) -> None:
    for label, text in paragraphs:
        lines = textwrap.wrap(
            text, COLUMNS - _LABEL, break_long_words=False, break_on_hyphens=False
        )
        for left, line in zip([label, *[""] * len(lines)], lines, strict=False):
            console.print(f"{left:<{_LABEL}}{line}", soft_wrap=True)
