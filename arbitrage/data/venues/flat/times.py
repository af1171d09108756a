"""A column of times as nanoseconds since 1970: epochs of any unit, row by row, or ISO 8601."""

from __future__ import annotations

import polars as pl

from arbitrage.data.rules.cells import CellError
from arbitrage.data.rules.moment_columns import iso_moments
from arbitrage.data.rules.moments import NS_PER_UNIT, moment_ns
from arbitrage.data.venues.flat.table.part import Part
from arbitrage.errors import ConfigError, DataError

_UNITS = (
    (10**11, NS_PER_UNIT["seconds"]),
    (10**14, NS_PER_UNIT["milliseconds"]),
    (10**17, NS_PER_UNIT["microseconds"]),
)
_LAST_NS = 2**63 - 1
_FIRST_YEAR, _LAST_YEAR = 1678, 2261
_TOO_FAR = "not a time of the years 1678 to 2261"
_DIGITS = r"^-?[0-9]{1,19}$"
_PARTED = r"^([0-9]{1,19})\.([0-9]+)$"
_HAS_ZONE = r"[:0-9](?:[Zz]|[+-][0-9]{2}:?[0-9]{0,2})$"
_HAS_HOURS = r"[Tt ][0-9]{2}:[0-9]{2}"
NOT_THERE = ("", "nan", "null", "none", "na", "n/a", "nat", "-")
"""What stands in a cell where there is no value, in any case."""


def moments(part: Part, field: str, timezone: str | None) -> pl.Series:
    """The moments of a column; null where a cell is empty.

    Args:
        part: The rows.
        field: Which of their times.
        timezone: The zone of those that name none.

    Raises:
        DataError: A cell is not a time, or there is no such time in the zone.
        ConfigError: A time names no zone, and no zone is given.
    """
    cells = part.cells[field]
    if cells.dtype.is_integer():
        return _checked(part, field, cells, _epoch_ns(cells.cast(pl.Int64)))
    if isinstance(cells.dtype, pl.Datetime):
        return _instants(part, field, cells, timezone)
    if cells.dtype == pl.Null:
        return cells.cast(pl.Int64)
    return _of_text(part, field, cells.cast(pl.String).str.strip_chars(), timezone)


def _epoch_ns(epochs: pl.Series, fractions: pl.Series | None = None) -> pl.Series:
    """Epochs, each in the unit that its size tells; fractions are billionths of that unit.

    Null where 64 bits do not hold the nanoseconds.
    """
    unit = pl.lit(1)
    for bound, size in reversed(_UNITS):
        unit = pl.when(pl.col("epoch") < bound).then(size).otherwise(unit)
    parts = {"epoch": epochs} if fractions is None else {"epoch": epochs, "fraction": fractions}
    frame = pl.DataFrame(parts).with_columns(unit.alias("unit"))
    whole = pl.col("epoch") * pl.col("unit")
    if fractions is not None:
        whole += pl.col("fraction") * pl.col("unit") // 10**9
    fits = pl.col("epoch").abs() <= _LAST_NS // pl.col("unit")
    return frame.select(pl.when(fits).then(whole)).to_series()


def _checked(part: Part, field: str, cells: pl.Series, found: pl.Series) -> pl.Series:
    """What was found, when that is something wherever there is a cell."""
    if found.null_count() > cells.null_count():
        row = (found.is_null() & cells.is_not_null()).arg_max() or 0
        raise part.error(field, row, _why_no_time(str(cells[row])) or _TOO_FAR)
    return found


def _why_no_time(text: str) -> str | None:
    """Why a text is not a moment; None when it is one."""
    try:
        moment = moment_ns(text)
    except CellError as error:
        return str(error)
    return None if abs(moment) <= _LAST_NS else _TOO_FAR


def _instants(part: Part, field: str, cells: pl.Series, timezone: str | None) -> pl.Series:
    """A column of a timestamp type: in Parquet one without a zone is naive as text would be."""
    if cells.dtype.time_zone is None:  # type: ignore[attr-defined]
        rows = cells.is_not_null().arg_true()
        naive = cells.gather(rows).dt.cast_time_unit("ns")
        return _spread(_zoned(part, field, rows, naive, timezone), rows, cells)
    return cells.dt.epoch("ns")


def _of_text(part: Part, field: str, texts: pl.Series, timezone: str | None) -> pl.Series:
    is_there = texts.is_not_null() & ~texts.str.to_lowercase().is_in(NOT_THERE)
    texts = texts.set(~is_there, None)
    is_epoch = texts.str.contains(_DIGITS)
    is_parted = texts.str.contains(_PARTED)
    is_iso = is_there & ~is_epoch & ~is_parted
    found = _epoch_ns(texts.set(~is_epoch, None).cast(pl.Int64, strict=False))
    if is_parted.any():
        found = found.zip_with(~is_parted.fill_null(value=False), _parted(texts))
    if is_iso.any():
        isos = _of_isos(part, field, texts.set(~is_iso, None), timezone)
        found = found.zip_with(~is_iso, isos)
    return _checked(part, field, texts, found)


def _parted(texts: pl.Series) -> pl.Series:
    """Epochs with a fraction, such as 1620000000.123456: read as digits, not as a double."""
    digits = texts.str.extract_groups(_PARTED).struct.unnest()
    fractions = digits["2"].str.slice(0, 9).str.pad_end(9, "0").cast(pl.Int64)
    return _epoch_ns(digits["1"].cast(pl.Int64, strict=False), fractions)


def _of_isos(part: Part, field: str, texts: pl.Series, timezone: str | None) -> pl.Series:
    """Those that are not null, in nanoseconds."""
    rows = texts.is_not_null().arg_true()
    present = texts.gather(rows)
    years = present.str.slice(0, 4).cast(pl.Int32, strict=False)
    is_far = ~years.is_between(_FIRST_YEAR, _LAST_YEAR).fill_null(value=False)
    if is_far.any():  # polars would wrap around
        place = is_far.arg_max() or 0
        raise part.error(field, rows[place], _why_no_time(present[place]) or _TOO_FAR)
    try:
        wall = iso_moments(present)
    except CellError:
        raise _first_bad(part, field, present, rows) from None
    is_naive = ~(present.str.contains(_HAS_ZONE) & present.str.contains(_HAS_HOURS))
    if is_naive.any():
        places = is_naive.arg_true()
        naive = wall.gather(places).cast(pl.Datetime("ns"))
        wall = wall.scatter(places, _zoned(part, field, rows.gather(places), naive, timezone))
    return _spread(wall, rows, texts)


def _spread(values: pl.Series, rows: pl.Series, like: pl.Series) -> pl.Series:
    """A column as long as `like`, with the values in these rows, else null."""
    return pl.Series([None], dtype=pl.Int64).new_from_index(0, len(like)).scatter(rows, values)


def _first_bad(part: Part, field: str, texts: pl.Series, rows: pl.Series) -> DataError:
    """The error of the first text that is not a moment; one of them is not."""
    return next(
        part.error(field, row, why)
        for row, text in zip(rows, texts, strict=True)
        if (why := _why_no_time(text))
    )


def _zoned(
    part: Part, field: str, rows: pl.Series, wall: pl.Series, timezone: str | None
) -> pl.Series:
    """Wall clock times of a zone, those of these rows, as nanoseconds since 1970."""
    if timezone is None and len(rows):
        raise ConfigError(
            f"{part.place(rows[0])}: the time {str(part.cells[field][rows[0]])!r} names no zone: "
            "say which one is meant, such as --timezone UTC"
        )
    zoned = wall.dt.replace_time_zone(timezone, ambiguous="null", non_existent="null")
    if zoned.null_count() > wall.null_count():
        row = rows[(zoned.is_null() & wall.is_not_null()).arg_max() or 0]
        raise part.error(
            field, row, f"{timezone} has no such time, or has it twice: the clock was set then"
        )
    return zoned.dt.epoch("ns")
