"""Times as integer nanoseconds, in which they are compared."""

from __future__ import annotations


def ns_of_ms(milliseconds: float) -> int:
    return round(milliseconds * 1e6)


def ns_of_seconds(seconds: float) -> int:
    return round(seconds * 1e9)
