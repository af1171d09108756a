"""The five columns of a snapshot file, whatever the format: names, types, and sound prices."""

from __future__ import annotations

import polars as pl

from arbitrage.cells import MAX_PRICE, MIN_PRICE
from arbitrage.errors import DataError

TIMESTAMP = "timestamp"
PRICES = ("best_bid_a", "best_ask_a", "best_bid_b", "best_ask_b")
COLUMNS = (TIMESTAMP, *PRICES)
SCHEMA: dict[str, pl.DataType] = {
    TIMESTAMP: pl.String(),
    **dict.fromkeys(PRICES, pl.Float64()),
}


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
    """Whether all are finite and within the bounds; what is not, `CheckedRows` names."""
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
