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

from arbitrage.data.rules.cells import CellError, epoch_unit, is_epoch, parse_timestamp
from arbitrage.data.rules.moment_columns import INT64_DIGITS, moments_of_any_form

_DATE_LENGTH = len("2024-01-01")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?")
_LATEST = "9999-99-99T29:59:59.999999999"  # what no digit of a timestamp lies above
_AFTER_ALL_TIMES = "~"  # sorts after any character that may follow a date

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
    if not timestamps.str.contains(INT64_DIGITS).all():
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
        moments = moments_of_any_form(part.to_series())
        if moments is None or not moments.is_sorted() or (latest or moments[0]) > moments[0]:
            return False
        latest = moments[-1]
    return True


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
