"""The columns of a snapshot file, whatever the format: their names and types.

Five are in every file, six more in some; further ones are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from arbitrage.documents.validation import shown
from arbitrage.errors import DataError

TIMESTAMP = "timestamp"
PRICES = ("best_bid_a", "best_ask_a", "best_bid_b", "best_ask_b")
COLUMNS = (TIMESTAMP, *PRICES)
SIZES = ("bid_size_a", "ask_size_a", "bid_size_b", "ask_size_b")
AGES = ("age_a_ms", "age_b_ms")
OPTIONAL_COLUMNS = (*SIZES, *AGES)
SCHEMA: dict[str, pl.DataType] = {
    TIMESTAMP: pl.String(),
    **dict.fromkeys((*PRICES, *OPTIONAL_COLUMNS), pl.Float64()),
}


def columns_of(header: Sequence[str]) -> list[str]:
    """The columns that are read from a file with this header, in the order of a snapshot."""
    return [*COLUMNS, *(column for column in OPTIONAL_COLUMNS if column in header)]


def check_header(header: list[str]) -> None:
    """Refuse a file whose columns are not all there, once each.

    Raises:
        DataError: `CSV must have columns: ...`, and which are missing or doubled.
    """
    must_have = f"CSV must have columns: {', '.join(COLUMNS)}"
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise DataError(f"{must_have}; missing: {', '.join(missing)}{_near_names(header, missing)}")
    doubled = [column for column in columns_of(header) if header.count(column) > 1]
    if doubled:
        raise DataError(f"{must_have}; twice: {', '.join(doubled)}")


def _near_names(header: list[str], missing: list[str]) -> str:
    """What the header has instead: names in another case, with blanks, with a byte order mark."""
    near = [shown(name) for name in header if _plain_name(name) in missing]
    if not near:
        return ""
    mark = ", where \\ufeff is a byte order mark" if "\ufeff" in "".join(header) else ""
    return f" (the header has {', '.join(near)}{mark}: write each name exactly as it stands here)"


def _plain_name(name: str) -> str:
    """A name in our spelling: `BestBidA`, ` best bid a` and `BEST_BID_A` are the same name."""
    words = re.sub("([a-z])([A-Z])", r"\1_\2", name)
    return re.sub(r"[\W_]+", "_", words).strip("_").lower()
