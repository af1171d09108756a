"""The moments of a whole column of timestamps, in bulk: nanoseconds since 1970 in 64 bits."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arbitrage.data.rules.cells import CellError, epoch_unit, is_epoch, offset_seconds
from arbitrage.data.rules.moments import NS_PER_UNIT, moment_ns
from arbitrage.errors import DataError

# Timestamps of any form, in the years that nanoseconds reach from 1970 in 64 bits. (The digits are
# spelled out: \d is every script's.)
_ANY_FORM = (
    "^(?<date>(?:1[7-9]|2[01])[0-9]{2}-[0-9]{2}-[0-9]{2})"
    "(?:[Tt ](?<hour>[01][0-9]|2[0-3]):(?<minute>[0-5][0-9])"
    "(?::(?<second>[0-5][0-9])(?:[.,](?<fraction>[0-9]{1,9}))?)?"
    "(?<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?$"
)
_CLOCK = ("hour", "minute", "second")
INT64_DIGITS = "^[+-]?[0-9]{1,19}$"

# The forms that polars reads quickly, when it is told which one it is.
_QUICK_FORM = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?P<mark>[T ])[0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(?:\.(?P<fraction>[0-9]{9}|[0-9]{6}|[0-9]{3}))?(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_FORMS = 4  # that are tried in a block: those of instants, which end where their zeros begin

_ROWS_AT_ONCE = 65_536
_INT64 = 2**63


def check_reach(first: str, last: str) -> None:
    """Refuse timestamps whose nanoseconds, or the time between them, 64 bits do not hold.

    Args:
        first: The earliest one, the first of its file.
        last: The latest one.

    Raises:
        DataError: They reach too far.
    """
    begin, end = moment_ns(first), moment_ns(last)
    for text, moment in ((first, begin), (last, end)):
        if not -_INT64 <= moment < _INT64:
            raise DataError(
                f"the timestamp {text!r} is too far from 1970 for a config with a latency or a "
                "holding time, which take times from 1677-09-22 to 2262-04-11"
            )
    if end - begin >= _INT64:
        raise DataError(
            f"the timestamps {first!r} and {last!r} are too far apart for a config with a latency "
            "or a holding time, which take files of at most 292 years"
        )


def moments_of(timestamps: pl.Series) -> NDArray[np.int64]:
    """The moments of the timestamps of a file, `moment_ns` of each.

    Args:
        timestamps: As a reader has found them sound: of one kind, in order.

    Raises:
        DataError: As `check_reach`.
    """
    if not len(timestamps):
        return np.empty(0, np.int64)
    check_reach(timestamps[0], timestamps[-1])
    read = _of_epochs if is_epoch(timestamps[0]) else iso_moments
    parts = timestamps.to_frame().iter_slices(_ROWS_AT_ONCE)
    return np.concatenate([read(part.to_series()).to_numpy() for part in parts])


def _of_epochs(timestamps: pl.Series) -> pl.Series:
    epochs = timestamps.cast(pl.Int64, strict=False)
    if epochs.null_count():  # digits that Python alone reads
        return _one_by_one(timestamps)
    return epochs * NS_PER_UNIT[epoch_unit(epochs[0])]


def iso_moments(timestamps: pl.Series, forms: int = _FORMS) -> pl.Series:
    """The moments of ISO 8601 timestamps, in any order; those without a zone as of UTC.

    Form by form while these are few; what is left, in the slow way that takes any form.

    Raises:
        CellError: One is not such a timestamp.
    """
    found = _of_one_form(timestamps) if forms else None
    if found is None:
        moments = moments_of_any_form(timestamps)
        return _one_by_one(timestamps) if moments is None else moments
    are_others = found.is_null()
    if are_others.any():
        others = iso_moments(timestamps.filter(are_others), forms - 1)
        found = found.scatter(are_others.arg_true(), others)
    return found


def _of_one_form(timestamps: pl.Series) -> pl.Series | None:
    """The moments of those that have the form of the first one, null for the others.

    None where that is not a form that polars reads quickly.
    """
    form = _QUICK_FORM.fullmatch(timestamps[0])
    if form is None:
        return None
    mark, fraction, zone = form["mark"], form["fraction"], form["zone"] or ""
    parts = f".%{len(fraction)}f" if fraction else ""
    local = timestamps.str.to_datetime(
        f"%Y-%m-%d{mark}%H:%M:%S{parts}{zone}", time_unit="ns", strict=False, cache=False
    )
    return local.cast(pl.Int64) - offset_seconds(zone or "Z") * 10**9


def _one_by_one(timestamps: pl.Series) -> pl.Series:
    return pl.Series([moment_ns(text) for text in timestamps], dtype=pl.Int64)


def moments_of_any_form(timestamps: pl.Series) -> pl.Series | None:
    """Nanoseconds since 1970, or None where one may not be a timestamp."""
    parts = timestamps.str.extract_groups(_ANY_FORM).struct.unnest()
    dates = parts["date"].str.to_date("%Y-%m-%d", strict=False)
    if dates.null_count():
        return None
    try:
        offsets = {zone: offset_seconds(zone) for zone in parts["zone"].unique().drop_nulls()}
    except CellError:
        return None
    hours, minutes, seconds = (pl.col(part).cast(pl.Int64).fill_null(0) for part in _CLOCK)
    fraction = pl.col("fraction").str.pad_end(9, "0").cast(pl.Int64).fill_null(0)
    offset = pl.col("zone").replace_strict(offsets, default=0, return_dtype=pl.Int64)
    total = dates.cast(pl.Int64) * 86_400 + hours * 3_600 + minutes * 60 + seconds - offset
    return parts.select(total * 10**9 + fraction).to_series()


def isos_are_sound(timestamps: pl.Series) -> bool:
    """Whether all are ISO 8601, of any form, and in order."""
    moments = moments_of_any_form(timestamps)
    return moments is not None and moments.is_sorted()
