"""Whether a column of timestamps is sound, decided for all rows at once.

The vectorised checks say "nothing is odd here"; what they do not accept, `CheckedRows` judges cell
by cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from arbitrage.data.rules.cells import (
    CellError,
    epoch_unit,
    is_epoch,
    offset_seconds,
    parse_timestamp,
)

# Timestamps of any form, in the years that nanoseconds reach from 1970 in 64 bits. (The digits are
# spelled out: \d is every script's.)
_ANY_FORM = (
    "^(?<date>(?:1[7-9]|2[01])[0-9]{2}-[0-9]{2}-[0-9]{2})"
    "(?:[Tt ](?<hour>[01][0-9]|2[0-3]):(?<minute>[0-5][0-9])"
    "(?::(?<second>[0-5][0-9])(?:[.,](?<fraction>[0-9]{1,9}))?)?"
    "(?<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?$"
)
_CLOCK = ("hour", "minute", "second")
_DATE_LENGTH = len("2024-01-01")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?")
_LATEST = "9999-99-99T29:59:59.999999999"  # what no digit of a timestamp lies above
_AFTER_ALL_TIMES = "~"  # sorts after any character that may follow a date
_INT64_DIGITS = "^[+-]?[0-9]{1,19}$"

WORTH_A_THREAD_ROWS = 65_536
_ROWS_AT_ONCE = 65_536
_FOLD = 64  # rows that lie side by side in a comparison

_Bytes: TypeAlias = npt.NDArray[np.uint8]


def timestamps_are_sound(timestamps: pl.Series) -> bool:
    """Whether all are of the first one's kind, epochs of its unit too, and in order."""
    if not len(timestamps):
        return True
    first: str = timestamps[0]
    return _epochs_are_sound(timestamps) if is_epoch(first) else _isos_are_sound(timestamps, first)


def _epochs_are_sound(timestamps: pl.Series) -> bool:
    if not timestamps.str.contains(_INT64_DIGITS).all():
        return False
    epochs = timestamps.cast(pl.Int64, strict=False)
    if epochs.null_count() or not epochs.is_sorted():
        return False
    return epoch_unit(epochs[0]) == epoch_unit(epochs[-1])


def _isos_are_sound(timestamps: pl.Series, first: str) -> bool:
    bounds = _bounds(first)
    if bounds is not None:
        are_sorted = _sorted_beside(timestamps)
        if _are_between(timestamps, *bounds):
            # Of one form and one length: text order is time order, only days are left to check.
            return are_sorted() and _days_exist(timestamps)
    latest = None
    for part in timestamps.to_frame().iter_slices(_ROWS_AT_ONCE):
        moments = _moments(part.to_series())
        if moments is None or not moments.is_sorted() or (latest or moments[0]) > moments[0]:
            return False
        latest = moments[-1]
    return True


def _moments(timestamps: pl.Series) -> pl.Series | None:
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


def _bounds(first: str) -> tuple[bytes, bytes] | None:
    """The least and the greatest character at each place of what is `first` with other digits.

    The zone stays as it is. Hours go to 29 and days to 99. None for a form that is not a plain one.
    """
    moment = _MOMENT.match(first)
    if moment is None:
        return None
    try:
        parse_timestamp(first, epoch=False)  # whose zone is that of all
    except CellError:
        return None
    digits, zone = moment.group(), first[moment.end() :]
    highest = "".join(
        top if here.isdigit() else here for here, top in zip(digits, _LATEST, strict=False)
    )
    return (re.sub("[0-9]", "0", digits) + zone).encode(), (highest + zone).encode()


def _are_between(timestamps: pl.Series, lowest: bytes, highest: bytes) -> bool:
    """Whether all are as long as these two, and each character is between those at its place."""
    characters = pl.Array(pl.UInt8, len(lowest))
    for part in timestamps.cast(pl.Binary).to_frame().iter_slices(_ROWS_AT_ONCE):
        column = part.to_series().bin.reinterpret(dtype=characters, endianness="little")
        if column.null_count():  # where the length is another
            return False
        least, greatest = _extremes(column.to_numpy())
        if (least < np.frombuffer(lowest, np.uint8)).any():
            return False
        if (greatest > np.frombuffer(highest, np.uint8)).any():
            return False
    return True


def _sorted_beside(timestamps: pl.Series) -> Callable[[], bool]:
    """Whether they are in order; many are compared in a thread beside the caller."""
    if len(timestamps) < WORTH_A_THREAD_ROWS:
        return lambda: _are_sorted(timestamps)
    pool = ThreadPoolExecutor(1)
    answer = pool.submit(_are_sorted, timestamps)
    pool.shutdown(wait=False)
    return answer.result


def _are_sorted(timestamps: pl.Series) -> bool:
    """Whether they are in the order of text, as an expression: that leaves Python's lock free."""
    return bool(timestamps.to_frame().select(pl.all().is_sorted()).item())


def _extremes(characters: _Bytes) -> tuple[_Bytes, _Bytes]:
    """The least and the greatest character at each place; shapes (rows, width) and (width,).

    numpy compares long rows many times faster than short ones: the table is folded for it.
    """
    rows, width = characters.shape
    last = characters[-_FOLD:]  # with what folding leaves over
    folded = characters[: rows // _FOLD * _FOLD].reshape(-1, _FOLD * width)
    least = folded.min(axis=0, initial=0xFF).reshape(-1, width).min(axis=0)
    greatest = folded.max(axis=0, initial=0).reshape(-1, width).max(axis=0)
    return np.minimum(least, last.min(axis=0)), np.maximum(greatest, last.max(axis=0))


def _days_exist(timestamps: pl.Series) -> bool:
    """Whether each day is one of the calendar and has 24 hours; they are sorted as text."""
    row = 0
    while row < len(timestamps):
        date = timestamps[row][:_DATE_LENGTH]
        row = int(timestamps.search_sorted(date + _AFTER_ALL_TIMES))
        try:
            parse_timestamp(timestamps[row - 1], epoch=False)  # the latest of its day
        except CellError:
            return False
    return True
