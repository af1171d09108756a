"""What a cell of a snapshot file may hold: the grammar of prices and timestamps.

This is the definition; a vectorised reader may only accept what it accepts, with the same value.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone

MAX_PRICE = 1e15
MIN_PRICE = 1e-15

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", re.ASCII)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?"
    r"(?:([Zz])|([+-])(\d\d):?(\d\d)?)?)?",
    re.ASCII,
)
_INT64 = 2**63


class CellError(ValueError):
    """The cell holds no price or no timestamp; the text says what is wrong, the caller where."""


def parse_price(text: str) -> float:
    """A price as a double; zero and negative prices are read, and skipped by the engine.

    Raises:
        CellError: No finite number, or one beyond 1e15 or between 0 and 1e-15.
    """
    if not text.strip():
        raise CellError("the cell is empty")
    if not _NUMBER.fullmatch(text):
        raise CellError("not a finite number")
    return check_price(float(text))


def check_price(price: float) -> float:
    """The price itself.

    Raises:
        CellError: As `parse_price`.
    """
    if not math.isfinite(price):
        raise CellError("not a finite number")
    if price > MAX_PRICE:
        raise CellError("a price above 1e15")
    if 0 < price < MIN_PRICE:
        raise CellError("a price above 0 and below 1e-15")
    return price


def is_epoch(text: str) -> bool:
    """Whether a timestamp is an integer epoch rather than ISO 8601."""
    return _INTEGER.fullmatch(text) is not None


def parse_timestamp(text: str, *, epoch: bool) -> int:
    """A timestamp as an integer that orders as time does within its file.

    Epochs stay in the file's unit; ISO 8601 becomes nanoseconds since 1970 in UTC.

    Raises:
        CellError: It is neither, or not what the file's first row is.
    """
    if not text.strip():
        raise CellError("the cell is empty")
    if epoch:
        if not is_epoch(text):
            raise CellError("not an integer epoch, as the first row's is")
        # Far below Python's limit of digits, and all that 64 bits hold.
        if len(text) > 20 or not -_INT64 <= int(text) < _INT64:  # noqa: PLR2004
            raise CellError("an epoch beyond 64 bits")
        return int(text)
    return _iso_ns(text)


def _iso_ns(text: str) -> int:
    match = _ISO.fullmatch(text)
    if match is None:
        raise CellError("not an ISO 8601 timestamp")
    year, month, day, hour, minute, second, fraction, _, sign, off_hour, off_minute = match.groups()
    try:
        offset = timedelta(hours=int(off_hour or 0), minutes=int(off_minute or 0))
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=timezone(-offset if sign == "-" else offset),
        )
        since = moment - _EPOCH
    except (ValueError, OverflowError):
        raise CellError("not a date and time that exists") from None
    return (since.days * 86_400 + since.seconds) * 10**9 + int((fraction or "0").ljust(9, "0"))
