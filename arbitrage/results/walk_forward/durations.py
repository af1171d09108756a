"""Durations as people write them: 90s, 30m, 2h, 1d."""

from __future__ import annotations

import re

from arbitrage.errors import ConfigError

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhd])", re.ASCII)
_NS = 10**9


def duration_ns(text: str) -> int:
    """The nanoseconds of a duration.

    Raises:
        ConfigError: It is not one, or not above zero.
    """
    found = _DURATION.fullmatch(text)
    length = round(float(found[1]) * _SECONDS[found[2]] * _NS) if found else 0
    if length <= 0:
        raise ConfigError(
            f"{text!r:.40} is not a duration: write a number above 0 and s, m, h or d, such as 30m"
        )
    return length


def duration_text(length_ns: int) -> str:
    """A duration for people, to the second: `1d 2h`, `59m 59s`."""
    rest, parts = round(length_ns / _NS), []
    for unit, seconds in _SECONDS.items():
        count, rest = divmod(rest, seconds)
        parts += [f"{count}{unit}"] if count else []
    return " ".join(parts) or "0s"


def duration_flag(seconds: float) -> str:
    """A duration as `duration_ns` takes it, in the largest unit that divides it: `90m`, `1d`."""
    for unit, length in _SECONDS.items():
        if seconds % length == 0:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:.9f}".rstrip("0") + "s"
