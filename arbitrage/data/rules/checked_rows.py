"""Checks rows block by block: all at once where nothing is odd, otherwise one by one."""

from __future__ import annotations

from collections.abc import Sequence

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
from arbitrage.data.rules.timestamps import timestamps_are_sound
from arbitrage.documents.validation import shown
from arbitrage.errors import DataError

ROWS_AT_ONCE = 65_536


class CheckedRows:
    """Rows checked in the order of the file, collected into a frame.

    Args:
        columns: Those of the file that are read, the timestamp first.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._schema = {column: SCHEMA[column] for column in columns}
        self._blocks: list[pl.DataFrame] = []
        self._clock = _Clock()

    def take(self, numbers: Sequence[int], cells: pl.DataFrame) -> None:
        """Take in a block of rows.

        Args:
            numbers: What messages call the rows.
            cells: The columns: timestamps as text, numbers as text or Float64; null where there is
                no cell.

        Raises:
            DataError: `Invalid row N: ...`, the first bad cell of the first bad row.
        """
        if not cells.is_empty():
            block = self._at_once(cells)
            self._blocks.append(self._one_by_one(numbers, cells) if block is None else block)

    def _at_once(self, cells: pl.DataFrame) -> pl.DataFrame | None:
        """The block as it is kept, or None where each cell has to be looked at."""
        if has_missing_cells(cells):
            return None
        block = read_numbers(cells)
        if block is None or not numbers_are_sound(block):
            return None
        before = [self._blocks[-1][TIMESTAMP].tail(1)] if self._blocks else []
        timestamps = pl.concat([*before, block[TIMESTAMP]])
        if not timestamps_are_sound(timestamps):
            return None
        self._clock.read(timestamps[0])
        self._clock.read(timestamps[-1])
        return block

    def _one_by_one(self, numbers: Sequence[int], cells: pl.DataFrame) -> pl.DataFrame:
        rows = zip(numbers, cells.iter_rows(), strict=True)
        checked = [self._checked(number, *row) for number, row in rows]
        return pl.DataFrame(checked, schema=self._schema, orient="row")

    def _checked(
        self, number: int, timestamp: str | None, *cells: str | float | None
    ) -> tuple[str | float, ...]:
        text = timestamp or ""
        try:
            self._clock.read(text)
        except CellError as error:
            raise _invalid_row(number, TIMESTAMP, text, error) from None
        row: list[str | float] = [text]
        for column, cell in zip([*self._schema][1:], cells, strict=True):
            try:
                row.append(RULES[column].read(cell))
            except CellError as error:
                raise _invalid_row(number, column, cell, error) from None
        return tuple(row)

    def frame(self) -> pl.DataFrame:
        """The rows so far, as columns."""
        return with_unknowns(pl.concat([pl.DataFrame(schema=self._schema), *self._blocks]))


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
