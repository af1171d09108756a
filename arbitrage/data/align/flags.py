"""The texts of flags as the parts of a request."""

from __future__ import annotations

import glob
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from arbitrage.data.align.options import Rate, VenueFiles
from arbitrage.errors import ConfigError
from arbitrage.shell.numbers import number

_NS_PER_MS = 1_000_000
_STEP = re.compile(r"([0-9]+)\s*(ns|us|ms|s|m|min|h|d)", re.ASCII)
_NS = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "min": 60 * 10**9,
    "h": 3_600 * 10**9,
    "d": 86_400 * 10**9,
}
_LONGEST_NS = 2**53  # 104 days: as far as anybody's clock is off, and exact as a number of ms


def venue_files(venue: str, flags: Mapping[str, Any]) -> VenueFiles:
    """What the flags say of a venue: `a`, `format_a`, `map_a`, `symbol_a`, `offset_a`.

    Raises:
        FileNotFoundError: A pattern fits no file.
        ConfigError: The offset is not a number of milliseconds.
    """
    return VenueFiles(
        venue,
        tuple(_paths(flags[venue])),
        flags[f"format_{venue}"],
        flags[f"map_{venue}"],
        flags[f"symbol_{venue}"],
        _offset_ns(venue, flags[f"offset_{venue}"]),
    )


def _paths(names: Sequence[str]) -> Iterator[Path]:
    """The files, patterns filled in; a name that is there is not a pattern."""
    for name in names:
        if not glob.has_magic(name) or Path(name).exists():
            yield Path(name)
            continue
        found = glob.glob(name, recursive=True)  # noqa: PTH207 - pathlib takes no absolute pattern
        if not found:
            raise FileNotFoundError(f"Data file not found: {name}")
        yield from map(Path, found)


def _offset_ns(venue: str, text: str) -> int:
    nanoseconds = _number(text) * _NS_PER_MS
    if not abs(nanoseconds) <= _LONGEST_NS:  # NaN, too
        raise ConfigError(
            f"--offset-{venue} must be a number of milliseconds, at most 100 days, not {text!r:.60}"
        )
    return round(nanoseconds)


def step_ns(text: str) -> int:
    """The step of a grid: a whole number with its unit, such as `100ms`, `1s`, `5m`.

    Raises:
        ConfigError: It is not that.
    """
    found = _STEP.fullmatch(text.strip())
    step = int(found[1]) * _NS[found[2]] if found else 0
    if not 0 < step <= _LONGEST_NS:
        raise ConfigError(
            f"--every must be a step such as 100ms, 1s, 5m or 1h, up to 100 days, not {text!r:.60}"
        )
    return step


def rate(venue: str, text: str | None) -> Rate | None:
    """The rate of a venue's prices: a number, or a raw file of the rate's own quotes.

    Raises:
        FileNotFoundError: A pattern fits no file.
        ConfigError: The number is not a rate.
    """
    if text is None:
        return None
    constant = _number(text)
    if math.isnan(constant):
        return VenueFiles(f"fx-{venue}", tuple(_paths([text])))
    if not 0 < constant < math.inf:
        raise ConfigError(f"--fx-{venue} must be a rate above 0 or a file, not {text!r:.60}")
    return constant


def _number(text: str) -> float:
    """The number that the text is, else NaN."""
    try:
        return number(text)
    except ValueError:
        return math.nan
