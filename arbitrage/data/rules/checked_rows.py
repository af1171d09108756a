"""Checks rows block by block: all at once where nothing is odd, otherwise one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from arbitrage.data.columns import SCHEMA, TIMESTAMP
from arbitrage.data.rules.cells import CellError, epoch_unit, is_epoch, parse_timestamp
from arbitrage.data.rules.number_columns import (
    RULES,
    has_missing_cells,
    numbers_are_sound,
    read_numbers,
    with_unknowns,
)
from arbitrage.data.rules.stamps import Stamps, ends_of, of_any_form, stamps_of, texts_of
from arbitrage.documents.validation import shown
from arbitrage.errors import DataError

ROWS_AT_ONCE = 65_536


class Block(NamedTuple):
    """Rows of a file that have been found sound, one after the other; at least one.

    `numbers` has the columns that the file has of prices, sizes and ages, all Float64; an age that
    is not known is NaN.
    """

    stamps: Stamps
    numbers: pl.DataFrame

    def ends(self) -> list[str]:
        """The first and the last timestamp, as the file has them."""
        return ends_of(self.stamps.column)

    def frame(self) -> pl.DataFrame:
        """The same with the timestamps as text in front."""
        texts = texts_of(self.stamps.column).alias(TIMESTAMP)
        return self.numbers.select(texts, pl.all())


class CheckedRows:
    """Checks blocks of rows in the order of the file."""

    def __init__(self) -> None:
        self._clock = _Clock()

    def take(self, numbers: Sequence[int], cells: pl.DataFrame) -> Block:
        """The next block of rows, at least one.

        Args:
            numbers: What messages call the rows.
            cells: The columns, the timestamp first: timestamps as `stamps_of` takes them, numbers
                as text or Float64; null where there is no cell.

        Raises:
            DataError: `Invalid row N: ...`, the first bad cell of the first bad row.
        """
        return self.at_once(cells) or self._one_by_one(numbers, cells)

    def at_once(self, cells: pl.DataFrame) -> Block | None:
        """The next block, or None where each of its cells has to be looked at."""
        if has_missing_cells(cells):
            return None
        numbers = read_numbers(pl.DataFrame(cells.get_columns()[1:]))
        if numbers is None or not numbers_are_sound(numbers):
            return None
        stamps = stamps_of(cells[TIMESTAMP])
        if stamps is None or not self._follow(stamps.column):
            return None
        return Block(stamps, with_unknowns(numbers))

    def _follow(self, timestamps: pl.Series) -> bool:
        """Whether timestamps that are sound by themselves may follow those before."""
        try:
            for text in ends_of(timestamps):
                self._clock.read(text)
        except CellError:
            return False
        return True

    def _one_by_one(self, numbers: Sequence[int], cells: pl.DataFrame) -> Block:
        texts = cells.with_columns(texts_of(cells[TIMESTAMP]))
        rows = zip(numbers, texts.iter_rows(), strict=True)
        checked = [self._checked(number, texts.columns, *row) for number, row in rows]
        schema = {column: SCHEMA[column] for column in texts.columns}
        frame = pl.DataFrame(checked, schema=schema, orient="row")
        return Block(of_any_form(frame[TIMESTAMP]), with_unknowns(frame.drop(TIMESTAMP)))

    def _checked(
        self,
        number: int,
        columns: Sequence[str],
        timestamp: str | None,
        *cells: str | float | None,
    ) -> tuple[str | float, ...]:
        text = timestamp or ""
        try:
            self._clock.read(text)
        except CellError as error:
            raise _invalid_row(number, TIMESTAMP, text, error) from None
        row: list[str | float] = [text]
        for column, cell in zip(columns[1:], cells, strict=True):
            try:
                row.append(RULES[column].read(cell))
            except CellError as error:
                raise _invalid_row(number, column, cell, error) from None
        return tuple(row)


class _Clock:
    """Reads timestamps one after the other: of one kind, of one unit, none earlier than before."""

    def __init__(self) -> None:
        self._is_epoch = False
        self._unit = ""
        self._latest: int | None = None

    def read(self, text: str) -> None:
        """Take the next timestamp.

        Raises:
            CellError: It cannot follow the others.
        """
        if self._latest is None:
            self._is_epoch = is_epoch(text)
        moment = parse_timestamp(text, epoch=self._is_epoch)
        unit = epoch_unit(moment) if self._is_epoch else ""
        if self._latest is None:
            self._unit = unit
        elif unit != self._unit:
            raise CellError(
                f"an epoch in {unit}, by its size, but the first row's is in {self._unit}; "
                "write all epochs of the file in one unit"
            )
        elif moment < self._latest:
            raise CellError("earlier than the row before")
        self._latest = moment


def _invalid_row(number: int, column: str, value: object, error: CellError) -> DataError:
    return DataError(f"Invalid row {number}: {column} is {shown(value)}: {error}")
