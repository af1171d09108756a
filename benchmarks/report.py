"""The report: tables in Markdown, each under the command that measures it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Table:
    """Rows of text under a header."""

    header: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)

    def markdown(self) -> str:
        """The table, figures to the right."""
        marks = ["---", *("--:" for _ in self.header[1:])]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in [self.header, marks, *self.rows])


@dataclass
class Section:
    """One part of the report: paragraphs and tables, in order."""

    title: str
    name: str
    parts: list[str | Table] = field(default_factory=list)

    def markdown(self, flags: str) -> str:
        """The section with the command that makes it."""
        command = f"`python -m benchmarks {flags} --only {self.name}`"
        parts = [part if isinstance(part, str) else part.markdown() for part in self.parts]
        return "\n\n".join([f"## {self.title}", command, *parts])


def target(what: str, figure: float, least: float, unit: str = "x") -> str:
    """A line that holds a figure against what is wanted of it."""
    verdict = "met" if figure >= least else "NOT met"
    return f"- {what}: **{figure:,.4g} {unit}**, wanted at least {least:,.4g}: {verdict}"


def ceiling(what: str, figure: float, most: float, unit: str) -> str:
    """The same where less is better."""
    verdict = "met" if figure < most else "NOT met"
    return f"- {what}: **{figure:,.4g} {unit}**, wanted under {most:,.4g}: {verdict}"
