"""Cells that a message must have, and those that say one of two words."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from arbitrage.data.venues.flat.table.part import Part


def filled(part: Part, field: str, found: pl.Series) -> pl.Series:
    """What was read of a column, when that is something everywhere.

    Raises:
        DataError: A cell is empty.
    """
    if found.null_count():
        raise part.error(field, found.is_null().arg_max() or 0, "there must be one")
    return found


def flags(part: Part, field: str, words: Mapping[str, bool]) -> pl.Series:
    """A column of two words.

    Raises:
        DataError: A cell has neither.
    """
    found = part.cells[field].replace_strict(words, default=None, return_dtype=pl.Boolean)
    if found.null_count():
        row = found.is_null().arg_max() or 0
        raise part.error(field, row, f"neither {' nor '.join(words)}")
    return found
