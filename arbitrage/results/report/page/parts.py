"""What a page is made of: sections with sentences, figures, tables and text to copy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Row = Sequence[str]

_NUMBER = re.compile(r"(-?[0-9][0-9,.]*%?)?")


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as people read them.

    Attributes:
        caption: What the table has, in a few words.
    """

    caption: str
    columns: Row
    rows: Sequence[Row]

    @property
    def kinds(self) -> list[str]:
        """Of each column, whether it has numbers or text, which are aligned each in its way."""
        return [
            "number" if all(_NUMBER.fullmatch(row[place]) for row in self.rows) else "text"
            for place in range(len(self.columns))
        ]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture, and the table behind it.

    Attributes:
        name: Of its element in the page.
        title: What it shows, in a sentence.
        chart: A Vega-Lite specification, with its data.
        table: The same in figures; None where the page makes it of the reader's choices.
        choices: What the reader chooses among; see `sections/parameters.py`.
    """

    name: str
    title: str
    chart: dict[str, Any]
    table: Table | None
    choices: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Copied:
    """A text that a reader copies, and what it is."""

    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Points:
    """A list of sentences, under a title or without one."""

    title: str
    sentences: Sequence[str]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page, in the order of its fields.

    Attributes:
        name: Of its element in the page.
        headline: What it comes to, in large letters.
        folded: Tables that are shown when they are asked for.
    """

    name: str
    title: str
    headline: str | None = None
    sentences: Sequence[str] = ()
    points: Sequence[Points] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    folded: Sequence[Table] = ()
    copied: Sequence[Copied] = ()
