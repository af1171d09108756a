"""Timestamps as moments: nanoseconds since 1970."""

from __future__ import annotations

from arbitrage.data.rules.cells import epoch_unit, is_epoch, parse_timestamp
from arbitrage.data.rules.stamp_texts import EPOCH, INSTANT_UNITS

NS_PER_UNIT = {"seconds": 10**9, "milliseconds": 10**6, "microseconds": 10**3, "nanoseconds": 1}


def moment_ns(timestamp: str) -> int:
    """A timestamp in nanoseconds since 1970.

    Raises:
        CellError: (a `ValueError`) It is neither ISO 8601 nor an integer epoch.
    """
    epoch = is_epoch(timestamp)
    found = parse_timestamp(timestamp, epoch=epoch)
    return found * NS_PER_UNIT[epoch_unit(found)] if epoch else found


def ns_of_one(form: str, number: int) -> int:
    """What a number of a form, see `stamp_texts`, is to be multiplied by for nanoseconds."""
    return NS_PER_UNIT[epoch_unit(number)] if form == EPOCH else INSTANT_UNITS.get(form, 1)
