"""The five columns of a snapshot file, whatever the format: names, types, and what is sound.

The vectorised checks say "nothing is odd here"; `CheckedRows` decides cell by cell and
names the first bad one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from arbitrage.cells import (
    MAX_PRICE,
    MIN_PRICE,
    CellError,
    check_price,
    is_epoch,
    parse_price,
    parse_timestamp,
)
from arbitrage.errors import DataError
from arbitrage.validation import shown

TIMESTAMP = "timestamp"
PRICES = ("best_bid_a", "best_ask_a", "best_bid_b", "best_ask_b")
COLUMNS = (TIMESTAMP, *PRICES)
SCHEMA: dict[str, pl.DataType] = {
    TIMESTAMP: pl.String(),
    **dict.fromkeys(PRICES, pl.Float64()),
}

# What the vectorised reader takes for a timestamp: before and after the separator, which the first
# row picks. (The digits are spelled out: \d is every script's.)
_DATE = "^(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
_DATE_LENGTH = len("2024-01-01")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?")
_LATEST = "9999-99-99T29:59:59.999999999"  # what no digit of a timestamp lies above
_HOUR = slice(len("2024-01-01T"), len("2024-01-01T00"))
_ROWS_AT_ONCE = 65_536  # whose timestamps a core's cache holds
_AFTER_ALL_TIMES = "~"  # sorts after any character that may follow a date
_INT64_DIGITS = "^-?[0-9]{1,18}$"


def check_header(header: list[str]) -> None:
    """Refuse a file whose columns are not all there, once each.

    Raises:
        DataError: `CSV must have columns: ...`, and which are missing or doubled.
    """
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise DataError(
            f"CSV must have columns: {', '.join(COLUMNS)}; missing: {', '.join(missing)}"
        )
    doubled = [column for column in COLUMNS if header.count(column) > 1]
    if doubled:
        raise DataError(f"CSV must have columns: {', '.join(COLUMNS)}; twice: {', '.join(doubled)}")


def too_many_rows(name: str, max_rows: int) -> DataError:
    """The error of a file with more rows than the settings allow."""
    return DataError(f"the data file {name!r} has more than {max_rows:,} rows (ARBTUNE_MAX_ROWS)")


def prices_are_sound(frame: pl.DataFrame) -> bool:
    if all(_are_usual(frame[column]) for column in PRICES):
        return True
    tests = [
        pl.col(column).is_finite()
        & (pl.col(column) <= MAX_PRICE)
        & ((pl.col(column) <= 0) | (pl.col(column) >= MIN_PRICE))
        for column in PRICES
    ]
    return bool(frame.select(pl.all_horizontal(tests).all()).item())


def _are_usual(prices: pl.Series) -> bool:
    """Whether all are above zero and within the bounds; NaN is neither."""
    return all(
        chunk.min() >= MIN_PRICE and chunk.max() <= MAX_PRICE
        for chunk in (part.to_numpy() for part in prices.get_chunks())
        if len(chunk)
    )


def timestamps_are_sound(timestamps: pl.Series) -> bool:
    """Whether all are of the first one's kind, in a plain form, and in order."""
    if not len(timestamps):
        return True
    first: str = timestamps[0]
    return _epochs_are_sound(timestamps) if is_epoch(first) else _isos_are_sound(timestamps, first)


def _epochs_are_sound(timestamps: pl.Series) -> bool:
    if not timestamps.str.contains(_INT64_DIGITS).all():
        return False
    return timestamps.cast(pl.Int64).is_sorted()


def _isos_are_sound(timestamps: pl.Series, first: str) -> bool:
    lengths = timestamps.str.len_bytes()
    if lengths.min() == lengths.max() == len(first):
        # Of one form and one length: text order is time order, and only dates are left to check.
        return _have_form(timestamps, first) and timestamps.is_sorted() and _dates_exist(timestamps)
    separator, zone = first[_DATE_LENGTH : _DATE_LENGTH + 1], "Z" if first.endswith("Z") else ""
    if separator not in ("T", " "):
        return False
    if not timestamps.str.contains(f"{_DATE}{separator}{_TIME}{zone}$").all():
        return False
    moments = timestamps.str.to_datetime(
        f"%Y-%m-%d{separator}%H:%M:%S%.f{zone}", time_unit="ns", strict=False
    )
    return moments.null_count() == 0 and moments.is_sorted()


def _have_form(timestamps: pl.Series, first: str) -> bool:
    """Whether all are the first one with other digits, its zone's apart, and have hours to 23."""
    moment = _MOMENT.match(first)
    if moment is None:
        return False
    try:
        parse_timestamp(first, epoch=False)  # whose zone is that of all
    except CellError:
        return False
    digits, zone = moment.group(), first[moment.end() :]
    highest = "".join(
        top if here.isdigit() else here for here, top in zip(digits, _LATEST, strict=False)
    )
    bounds = [re.sub("[0-9]", "0", digits) + zone, highest + zone]
    rows = min(len(timestamps), _ROWS_AT_ONCE)
    lower, upper = (np.tile(np.frombuffer(bound.encode(), np.uint8), rows) for bound in bounds)
    for part in timestamps.to_frame().iter_slices(_ROWS_AT_ONCE):
        text: bytes = part.to_series().str.join("").cast(pl.Binary).item()
        characters = np.frombuffer(text, np.uint8)
        size = len(characters)
        if ((characters < lower[:size]) | (characters > upper[:size])).any():
            return False
        tens, ones = characters.reshape(-1, len(first))[:, _HOUR].T
        if ((tens == ord("2")) & (ones > ord("3"))).any():
            return False
    return True


def _dates_exist(timestamps: pl.Series) -> bool:
    """Whether every date is one of the calendar; the timestamps are sorted as text."""
    row = 0
    while row < len(timestamps):
        date: str = timestamps[row][:_DATE_LENGTH]
        try:
            datetime.strptime(date, "%Y-%m-%d")  # noqa: DTZ007 - a date has no zone
        except ValueError:
            return False
        row = int(timestamps.search_sorted(date + _AFTER_ALL_TIMES))
    return True


class CheckedRows:
    """Rows checked cell by cell in the order of the file, collected into a frame.

    A cell is text, or None where there is none; a price may be a float already.
    """

    def __init__(self) -> None:
        self._columns: tuple[list[Any], ...] = tuple([] for _ in COLUMNS)
        self._epoch = False
        self._latest: int | None = None

    def add(self, number: int, timestamp: str | None, prices: Sequence[str | float | None]) -> None:
        """Take one row in.

        Raises:
            DataError: `Invalid row N: ...`, the row's first bad cell.
        """
        text = timestamp or ""
        if self._latest is None:
            self._epoch = is_epoch(text)
        try:
            moment = parse_timestamp(text, epoch=self._epoch)
        except CellError as error:
            raise _invalid_row(number, TIMESTAMP, text, str(error)) from None
        if self._latest is not None and moment < self._latest:
            raise _invalid_row(number, TIMESTAMP, text, "earlier than the row before")
        self._latest = moment
        self._columns[0].append(text)
        for name, cell, column in zip(PRICES, prices, self._columns[1:], strict=True):
            try:
                column.append(_price(cell))
            except CellError as error:
                raise _invalid_row(number, name, cell, str(error)) from None

    def frame(self) -> pl.DataFrame:
        """The rows so far, as columns."""
        return pl.DataFrame(dict(zip(COLUMNS, self._columns, strict=True)), schema=SCHEMA)


def _price(cell: str | float | None) -> float:
    return check_price(cell) if isinstance(cell, float) else parse_price(cell or "")


def _invalid_row(number: int, column: str, value: object, reason: str) -> DataError:
    return DataError(f"Invalid row {number}: {column} is {shown(value)}: {reason}")
