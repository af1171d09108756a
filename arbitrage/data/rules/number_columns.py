"""Whether columns of numbers are sound, decided for all rows at once.

As with timestamps: what is not accepted here, `CheckedRows` judges cell by cell. Measured, four
prices a row, one thread (26 Nov 2026): 250 ns a row of text, where its cells one by one take 4,200;
4 ns a row of numbers, where they take 1,000. Without this module every block would be read so.
"""

from __future__ import annotations

import math

import polars as pl

from arbitrage.data.columns import AGES, PRICES, SIZES
from arbitrage.data.rules.cells import AGE, PRICE, SIZE, NumberRule

RULES: dict[str, NumberRule] = {
    **dict.fromkeys(PRICES, PRICE),
    **dict.fromkeys(SIZES, SIZE),
    **dict.fromkeys(AGES, AGE),
}
MAY_BE_EMPTY = [column for column, rule in RULES.items() if rule.may_be_empty]

_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"


def read_numbers(cells: pl.DataFrame) -> pl.DataFrame | None:
    """The same columns, those of text read as numbers; None where one may not be a number.

    An empty cell is null where a column may have one.
    """
    texts = [column for column in cells.columns if cells.schema[column] == pl.String]
    if not texts:
        return cells
    stripped = cells.with_columns(
        pl.col(column).str.strip_chars(" ").replace("", None)
        if column in MAY_BE_EMPTY
        else pl.col(column).str.strip_chars(" ")
        for column in texts
    )
    if not all(stripped[column].str.contains(_NUMBER).all() for column in texts):
        return None
    read = stripped.with_columns(pl.col(texts).cast(pl.Float64, strict=False))
    return read if read.null_count().equals(stripped.null_count()) else None


def has_missing_cells(cells: pl.DataFrame) -> bool:
    """Whether a cell is null that may not be empty."""
    return any(cells[c].null_count() for c in cells.columns if c not in MAY_BE_EMPTY)


def with_unknowns(frame: pl.DataFrame) -> pl.DataFrame:
    """The same columns with NaN for what is not known."""
    if not any(column in frame.columns for column in MAY_BE_EMPTY):
        return frame
    return frame.with_columns(frame[c].fill_null(math.nan) for c in MAY_BE_EMPTY if c in frame)


def numbers_are_sound(frame: pl.DataFrame) -> bool:
    """Whether all numbers are finite and within the bounds of their columns; nulls are."""
    unusual = [name for name in frame.columns if not _are_usual(frame[name], RULES[name])]
    return all(_are_within(frame[column], RULES[column]) for column in unusual)


def _are_usual(numbers: pl.Series, rule: NumberRule) -> bool:
    """Whether all are within the bounds, and above zero where those are tight; NaN is neither.

    Spares most files `_are_within`, which says the same of all: 4 ns a row of four prices instead
    of 22 (26 Nov 2026).
    """
    lowest = max(rule.lowest, rule.smallest)
    known = numbers.drop_nulls() if numbers.null_count() else numbers
    return all(
        chunk.min() >= lowest and chunk.max() <= rule.highest
        for chunk in (part.to_numpy() for part in known.get_chunks())
        if len(chunk)
    )


def _are_within(numbers: pl.Series, rule: NumberRule) -> bool:
    number = pl.col(numbers.name)
    test = (
        number.is_finite()
        & number.is_between(rule.lowest, rule.highest)
        & ((number <= 0) | (number >= rule.smallest))
    )
    return bool(numbers.to_frame().select(test.all()).item())
