"""The figures of a run, listed once: results, metrics and result rows are derived from here."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class FirstFigures:
    """Those that every document has."""

    total_trades: int
    closed_trades: int
    open_trades: int
    final_balance_usd: float
    realized_pnl_usd: float
    max_drawdown_pct: float
    win_rate: float
    avg_pnl_per_trade_usd: float


@dataclass(frozen=True)
class LaterFigures:
    """Those that an older document may lack. A new figure goes to the end of these."""

    unrealized_pnl_usd: float | None = None
    net_pnl_usd: float | None = None
    stopped_row: int | None = None
    stopped_timestamp: str | None = None
    exits_beyond_size: int | None = None


@dataclass(frozen=True)
class Figures(LaterFigures, FirstFigures):
    """What a run computes from the data: USD, percent or counts, as the names say."""


FIGURE_NAMES = tuple(figure.name for figure in fields(Figures))
"""The figures by the names of their fields."""

NULLABLE_COUNTS = ("stopped_row", "exits_beyond_size")
"""Whole numbers that may have no value: they are -1 in arrays, which know no null."""
