"""Rows checked one by one: what judges a file about which something is odd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from arbitrage.cells import CellError, check_price, is_epoch, parse_price, parse_timestamp
from arbitrage.columns import COLUMNS, PRICES, SCHEMA, TIMESTAMP
from arbitrage.errors import DataError
from arbitrage.validation import shown


class CheckedRows:
    """Rows checked cell by cell in the order of the file, collected into a frame.

    A cell is text, or None where there is none; a price may be a float already.
    """

    def __init__(self) -> None:
        self._columns: tuple[list[Any], ...] = tuple([] for _ in COLUMNS)
        self._epoch = False
        self._latest: int | None = None

    def add(self, number: int, timestamp: str | None, prices: Sequence[str | float | None]) -> None:
        """Take one row in.

        Raises:
            DataError: `Invalid row N: ...`, the row's first bad cell.
        """
        text = timestamp or ""
        if self._latest is None:
            self._epoch = is_epoch(text)
        try:
            moment = parse_timestamp(text, epoch=self._epoch)
        except CellError as error:
            raise _invalid_row(number, TIMESTAMP, text, str(error)) from None
        if self._latest is not None and moment < self._latest:
            raise _invalid_row(number, TIMESTAMP, text, "earlier than the row before")
        self._latest = moment
        self._columns[0].append(text)
        for name, cell, column in zip(PRICES, prices, self._columns[1:], strict=True):
            try:
                column.append(_price(cell))
            except CellError as error:
                raise _invalid_row(number, name, cell, str(error)) from None

    def frame(self) -> pl.DataFrame:
        """The rows so far, as columns."""
        return pl.DataFrame(dict(zip(COLUMNS, self._columns, strict=True)), schema=SCHEMA)


def _price(cell: str | float | None) -> float:
    return check_price(cell) if isinstance(cell, float) else parse_price(cell or "")


def _invalid_row(number: int, column: str, value: object, reason: str) -> DataError:
    return DataError(f"Invalid row {number}: {column} is {shown(value)}: {reason}")
