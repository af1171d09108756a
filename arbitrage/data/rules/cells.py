"""What a cell of a snapshot file may hold: the grammar of numbers and timestamps.

A price of 0 is a number like others: an empty book, whose rows `data/check/skipped.py` words. This
is the definition; a vectorised reader may only accept what it accepts, with the same value.
"""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", re.ASCII)
_NOT_THERE = re.compile(r"\s*([+-]?nan|null|none|n/?a|-+)?\s*", re.ASCII | re.IGNORECASE)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?"
    r"([Zz]|[+-]\d\d:?(?:\d\d)?)?)?",
    re.ASCII,
)
_BASIC_ISO = re.compile(
    r"\d{8}(?:[Tt ]?\d{4,6}(?:[.,]\d+)?(?:[Zz]|[+-]\d\d:?(?:\d\d)?)?)?", re.ASCII
)
_INT64 = 2**63

# The unit of an epoch, by its size: what is below the first of these bounds is in seconds.
_EPOCH_UNITS = ((10**11, "seconds"), (10**14, "milliseconds"), (10**17, "microseconds"))


class CellError(ValueError):
    """The cell is not a number or a timestamp. The text says why; the caller adds where."""


@dataclass(frozen=True, slots=True)
class NumberRule:
    """What the numbers of a column may be, besides finite.

    Attributes:
        noun: What messages call one of them, with its article.
        advice: What to write where there is none.
        lowest: The least that one may be.
        smallest: The least that one above zero may be.
        highest: The most that one may be.
        may_be_empty: Whether an empty cell says that the number is not known: NaN.
    """

    noun: str
    advice: str
    lowest: float = 0.0
    smallest: float = 0.0
    highest: float = sys.float_info.max
    may_be_empty: bool = False

    def read(self, cell: str | float | None) -> float:
        """The number of a cell of text, or of one that holds a number already.

        Raises:
            CellError: It is not a number that this column may have.
        """
        if isinstance(cell, float):
            return self._checked(cell)
        text = cell or ""
        if not text.strip():
            if self.may_be_empty:
                return math.nan
            raise CellError(f"the cell is empty; {self.advice}")
        if _NOT_THERE.fullmatch(text):
            raise CellError(f"not a finite number; {self.advice}")
        if not _NUMBER.fullmatch(text):
            raise CellError("not a finite number")
        return self._checked(float(text))

    def _checked(self, number: float) -> float:
        if math.isnan(number):
            raise CellError(f"not a finite number; {self.advice}")
        if math.isinf(number):
            raise CellError("not a finite number")
        if number < self.lowest:
            raise CellError(f"{self.noun} below {_short(self.lowest)}")
        if number > self.highest:
            raise CellError(f"{self.noun} above {_short(self.highest)}")
        if 0 < number < self.smallest:
            raise CellError(f"{self.noun} above 0 and below {_short(self.smallest)}")
        return number


# Zero and negative prices are read, and skipped by the engine.
PRICE = NumberRule(
    "a price",
    "where a venue has no quote, write 0 or leave the row out",
    lowest=-math.inf,
    smallest=1e-15,
    highest=1e15,
)
SIZE = NumberRule("a size", "where a venue shows no size, write 0")
AGE = NumberRule("an age", "where it is not known, leave the cell empty", may_be_empty=True)


def _short(bound: float) -> str:
    return f"{bound:g}".replace("e+", "e")


def is_epoch(text: str) -> bool:
    """Whether a timestamp is an integer epoch rather than ISO 8601."""
    return _INTEGER.fullmatch(text) is not None


def epoch_unit(epoch: int) -> str:
    """The unit of an epoch, which its size tells; a file has one unit, that of its first row."""
    return next((unit for bound, unit in _EPOCH_UNITS if epoch < bound), "nanoseconds")


def parse_timestamp(text: str, *, epoch: bool) -> int:
    """A timestamp as an integer that orders as time does within its file.

    Epochs stay in the file's unit; ISO 8601 becomes nanoseconds since 1970 in UTC.

    Raises:
        CellError: It is neither, or not what the file's first row is.
    """
    if not text.strip():
        raise CellError("the cell is empty")
    if is_epoch(text) and epoch:
        # Far below Python's limit of digits, and all that 64 bits hold.
        if len(text) > 20 or not -_INT64 <= int(text) < _INT64:  # noqa: PLR2004
            raise CellError("an epoch beyond 64 bits")
        return int(text)
    if _NUMBER.fullmatch(text) and not is_epoch(text):
        raise CellError("an epoch must be whole; write it in ms, us or ns where seconds have parts")
    if epoch:
        raise CellError("not an integer epoch, as the first row's is")
    return _iso_ns(text)


def offset_seconds(zone: str) -> int:
    """How far the clocks of a zone are ahead of UTC: `Z`, `+05:30`, `-0530` or `+05`.

    Raises:
        CellError: No offset goes so far.
    """
    if zone in ("Z", "z"):
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].removeprefix(":") or 0)
    if hours > 23 or minutes > 59:  # noqa: PLR2004 - those of a day and of an hour
        raise CellError(f"the offset {zone} is beyond 23 hours or 59 minutes")
    return (-60 if zone[0] == "-" else 60) * (60 * hours + minutes)


def _iso_ns(text: str) -> int:
    match = _ISO.fullmatch(text)
    if match is None:
        basic = " in its extended form" if _BASIC_ISO.fullmatch(text) else ""
        raise CellError(f"not an ISO 8601 timestamp{basic}, such as 2024-01-31T09:30:00.250Z")
    *numbers, fraction, zone = match.groups()
    year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
    if second == 60:  # noqa: PLR2004
        raise CellError("a second 60 cannot be read; write second 59, or the minute after")
    if hour == 24:  # noqa: PLR2004
        raise CellError("an hour 24 cannot be read; write 00:00 of the day after")
    try:
        since = datetime(year, month, day, hour, minute, second, tzinfo=UTC) - _EPOCH
    except ValueError:
        raise CellError("not a date and time that exists") from None
    seconds = since.days * 86_400 + since.seconds - offset_seconds(zone or "Z")
    return seconds * 10**9 + int((fraction or "0").ljust(9, "0"))
