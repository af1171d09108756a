"""A column of prices or sizes as doubles, each within its bounds; null where there is none."""

from __future__ import annotations

import polars as pl

from arbitrage.data.rules.cells import PRICE, SIZE, CellError, NumberRule
from arbitrage.data.venues.flat.fields import PRICES
from arbitrage.data.venues.flat.table.part import Part
from arbitrage.data.venues.flat.times import NOT_THERE


def numbers(part: Part, field: str) -> pl.Series:
    """The numbers of a column; null where a cell is empty or says that there is none.

    Raises:
        DataError: A cell is not a number, or one beyond the bounds of a data file.
    """
    cells = part.cells[field]
    if cells.dtype == pl.String:
        found = _of_text(part, field, cells.str.strip_chars())
    else:
        found = cells.cast(pl.Float64).fill_nan(None)
    rule = PRICE if field in PRICES else SIZE
    number = pl.col(field)
    is_sound = (
        number.is_finite()
        & number.is_between(rule.lowest, rule.highest)
        & ((number <= 0) | (number >= rule.smallest))
    )
    bad = found.to_frame(field).select(~is_sound.fill_null(value=True)).to_series()
    if bad.any():
        row = bad.arg_max() or 0
        raise part.error(field, row, _why(rule, found[row]))
    return found


def integers(part: Part, field: str) -> pl.Series:
    """The whole numbers of a column; null where a cell is empty.

    Raises:
        DataError: A cell is not a whole number of 64 bits.
    """
    cells = part.cells[field]
    if cells.dtype == pl.String:
        cells = _without_gaps(cells.str.strip_chars())
    found = cells.cast(pl.Int64, strict=False)
    if found.null_count() > cells.null_count():
        row = (found.is_null() & cells.is_not_null()).arg_max() or 0
        raise part.error(field, row, "not a whole number of 64 bits")
    return found


def _of_text(part: Part, field: str, texts: pl.Series) -> pl.Series:
    texts = _without_gaps(texts)
    found = texts.cast(pl.Float64, strict=False)
    is_bad = (found.is_null() | found.is_nan()) & texts.is_not_null()
    if is_bad.any():
        raise part.error(field, is_bad.arg_max() or 0, "not a finite number")
    return found


def _without_gaps(texts: pl.Series) -> pl.Series:
    return texts.set(texts.str.to_lowercase().is_in(NOT_THERE), None)


def _why(rule: NumberRule, number: float) -> str:
    try:
        rule.read(number)
    except CellError as error:
        return str(error)
    return "not a finite number"
