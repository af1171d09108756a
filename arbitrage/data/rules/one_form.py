"""The moments of timestamps that all have one form, from the bytes of their digits.

Measured: 25 ns a row, where polars takes 280 to read the same timestamps (26 Nov 2026). Without it
each block would be read as `moments_of_any_form` does.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from arbitrage.data.rules.cells import CellError, offset_seconds, parse_timestamp
from arbitrage.data.rules.stamp_texts import DATE_LENGTH

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?")
_HIGHEST = "9999-99-99T29:59:59.999999999"  # what no digit of a timestamp lies above
_CLOCK_NS = {11: 36_000, 12: 3_600, 14: 600, 15: 60, 17: 10, 18: 1}  # of each digit, in seconds
_FRACTION_AT = len("2024-01-01T00:00:00.")
_DAY_NS = 86_400 * 10**9
_INT64 = 2**63
_FOLD = 64  # rows that lie side by side in a comparison

_Bytes: TypeAlias = npt.NDArray[np.uint8]


def moments_of_one_form(timestamps: pl.Series) -> tuple[str, npt.NDArray[np.int64]] | None:
    """The form of the first one, and the moments of all in nanoseconds since 1970.

    None where one may have another form, is not a timestamp, or lies beyond 64 bits. They may be in
    any order.
    """
    first: str = timestamps[0]
    moment = _MOMENT.match(first)
    if moment is None:
        return None
    digits, zone = moment.group(), first[moment.end() :]
    try:
        offset = offset_seconds(zone or "Z") if _is_zone(zone) else None
    except CellError:
        return None
    characters = None if offset is None else _characters(timestamps, len(first))
    if characters is None or offset is None:
        return None
    least, greatest = _extremes(characters)
    if not _are_between(least, greatest, digits, zone):
        return None
    is_one_day = (least[:DATE_LENGTH] == greatest[:DATE_LENGTH]).all()
    days = [(0, len(characters))] if is_one_day else _days(characters[:, :DATE_LENGTH])
    moments = _moments(characters, len(digits), offset, days)
    return None if moments is None else (re.sub("[0-9]", "0", digits) + zone, moments)


def _is_zone(zone: str) -> bool:
    return re.fullmatch("(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?", zone) is not None


def _characters(timestamps: pl.Series, width: int) -> _Bytes | None:
    """The bytes of each, shape (rows, width); None where one is longer or shorter."""
    column = timestamps.cast(pl.Binary).bin.reinterpret(
        dtype=pl.Array(pl.UInt8, width), endianness="little"
    )
    return None if column.null_count() else column.to_numpy()


def _are_between(least: _Bytes, greatest: _Bytes, digits: str, zone: str) -> bool:
    """Whether each digit is one that may stand at its place, and all else is as in the first."""
    pairs = list(zip(digits, _HIGHEST, strict=False))
    lowest = "".join("0" if here.isdigit() else here for here, _ in pairs) + zone
    highest = "".join(top if here.isdigit() else here for here, top in pairs) + zone
    return bool(
        (least >= np.frombuffer(lowest.encode(), np.uint8)).all()
        and (greatest <= np.frombuffer(highest.encode(), np.uint8)).all()
    )


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


def _moments(
    characters: _Bytes, digits: int, offset_s: int, days: list[tuple[int, int]]
) -> npt.NDArray[np.int64] | None:
    moments = _since_midnight(characters, digits)
    if (moments >= _DAY_NS).any():
        return None
    for start, stop in days:
        date = characters[start, :DATE_LENGTH].tobytes().decode()
        try:
            midnight = parse_timestamp(date, epoch=False) - offset_s * 10**9
        except CellError:
            return None
        if not -_INT64 <= midnight < _INT64 - _DAY_NS:
            return None
        moments[start:stop] += midnight
    return moments


def _since_midnight(characters: _Bytes, digits: int) -> npt.NDArray[np.int64]:
    places = {place: seconds * 10**9 for place, seconds in _CLOCK_NS.items()}
    places |= {at: 10 ** (8 - n) for n, at in enumerate(range(_FRACTION_AT, digits))}
    total = np.full(len(characters), -ord("0") * sum(places.values()), np.int64)
    for place, unit_ns in places.items():
        total += np.multiply(characters[:, place], unit_ns, dtype=np.int64)
    return total


def _days(dates: _Bytes) -> list[tuple[int, int]]:
    """Where the rows of one date begin and end."""
    starts = (np.flatnonzero((dates[1:] != dates[:-1]).any(axis=1)) + 1).tolist()
    return list(pairwise([0, *starts, len(dates)]))
