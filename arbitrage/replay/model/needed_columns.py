"""Which columns an option needs besides the prices."""

from __future__ import annotations

from collections.abc import Container

from arbitrage.errors import DataError

NEEDED_COLUMNS = {
    "max_quote_age_ms": ("age_a_ms", "age_b_ms"),
    "size_share": ("bid_size_a", "ask_size_a", "bid_size_b", "ask_size_b"),
}

TIMED = ("max_holding_seconds", "latency_a_ms", "latency_b_ms")
"""The options that need the times of the rows."""


def check_columns(option: str, there: Container[str], what: str = "a snapshot") -> None:
    """Refuse data without the columns that an option needs.

    Args:
        option: The name of the field, which is set.
        there: The columns of the data.
        what: What the sentence calls the data.

    Raises:
        DataError: (a `ValueError`) The sentence names those that are missing.
    """
    missing = [column for column in NEEDED_COLUMNS.get(option, ()) if column not in there]
    if missing:
        raise DataError(f"{option} needs columns that {what} does not have: {', '.join(missing)}")
