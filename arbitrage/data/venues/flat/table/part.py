"""A part of a table: some rows of it, and where in the file each of them stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from arbitrage.documents.validation import shown
from arbitrage.errors import DataError


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a table.

    Attributes:
        name: What messages call the file.
        noun: What messages call a row: `line` or `row`.
        numbers: The number of each row, counted from 1.
        columns: The file's name of each field.
        cells: A column for each field: text, or of the type that the file or its reader gave it.
    """

    name: str
    noun: str
    numbers: Sequence[int] | pl.Series
    columns: dict[str, str]
    cells: pl.DataFrame

    def error(self, field: str, row: int, why: str) -> DataError:
        """The error of a cell, `row` counted from 0 within this part."""
        cell = self.cells[field][row]
        return DataError(
            f"{self.place(row)}: {self.columns[field]} is {shown('' if cell is None else cell)}: "
            f"{why}"
        )

    def place(self, row: int) -> str:
        """Where a row stands, for the beginning of a sentence."""
        return f"{self.name!r}, {self.noun} {self.numbers[row]:,}"
