"""Data files written for one test, and what is said of those that are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.snapshot_table import SnapshotTable
from arbitrage.errors import DataError

HEADER = "timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b"
GOOD = "2024-01-01T00:00:00Z,1,2,3,4"
Load = Callable[..., SnapshotTable]


def csv_of(*rows: str, header: str = HEADER, end: str = "\n") -> str:
    return end.join([header, *rows, ""])


def refusal(load: Load, content: str | bytes, limits: DataLimits | None = None) -> str:
    with pytest.raises(DataError) as caught:
        load(content, limits)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)
    return str(caught.value)
