"""How a run traded: how long and how much of the time, and how much hangs on how little."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from arbitrage.data.rules.stamp_texts import text_of
from arbitrage.replay.kernels.layout import Floats, Integers
from arbitrage.replay.kernels.options.log import CLOSED, LAST, OPENED
from arbitrage.results.explain.recording import Recording

FEW = 5
"""Of trades: the best of them."""

_NS = 10**9
_HOUR_NS = 3_600 * _NS


class Habits(NamedTuple):
    """None stands where there is nothing to tell: no closed trade, no profit, no usable times.

    Attributes:
        median_holding_seconds: From opening to closing, of the trades that closed.
        longest_holding_seconds: The longest of these.
        exposure: The share of the time with a trade open, from the first tradable row to the last
            one processed.
        best_five_share: What the five best trades earned, as a share of the realized profit.
        busiest_hour: When the clock hour (UTC) begins in which most trades closed; of several the
            one that earned most.
        busiest_hour_trades: How many they are.
        busiest_hour_share: What they earned, as a share of the realized profit.
    """

    median_holding_seconds: float | None
    longest_holding_seconds: float | None
    exposure: float | None
    best_five_share: float | None
    busiest_hour: str | None
    busiest_hour_trades: int | None
    busiest_hour_share: float | None


def habits_of(run: Recording, trades: pl.DataFrame, realized_pnl_usd: float) -> Habits:
    """The habits of a run.

    Args:
        run: What was written down of it.
        trades: Its trades, see `trade_table`.
        realized_pnl_usd: What it earned.
    """
    held, pnl_usd = trades["holding_seconds"].drop_nulls(), trades["pnl_usd"].drop_nulls()
    best_usd = float(pnl_usd.top_k(FEW).sum()) if len(pnl_usd) else None
    hour, closed, hour_usd = _busiest_hour(run, pnl_usd.to_numpy())
    return Habits(
        median_holding_seconds=_number(held.median()),
        longest_holding_seconds=_number(held.max()),
        exposure=_exposure(run),
        best_five_share=_share(best_usd, realized_pnl_usd),
        busiest_hour=hour,
        busiest_hour_trades=closed,
        busiest_hour_share=_share(hour_usd, realized_pnl_usd),
    )


def _share(part_usd: float | None, profit_usd: float) -> float | None:
    """What of a profit a part is; nothing is a share of a loss."""
    return None if part_usd is None or profit_usd <= 0 else part_usd / profit_usd


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _busiest_hour(run: Recording, pnl_usd: Floats) -> tuple[str | None, int | None, float | None]:
    """When it begins, how many trades closed in it, and what they earned."""
    closings = run.log.closings[run.log.closings >= 0]
    if not (run.has_times and len(closings)):
        return None, None, None
    closed_ns = run.rows.time_ns[run.log.trades[closings, CLOSED]]
    hours, of_trade = np.unique(closed_ns // _HOUR_NS, return_inverse=True)
    counts, earned = np.bincount(of_trade), np.bincount(of_trade, pnl_usd)
    busiest = np.lexsort((-earned, -counts))[0]
    begin = text_of("ns", int(hours[busiest]) * _HOUR_NS)
    return begin, int(counts[busiest]), float(earned[busiest])


def _exposure(run: Recording) -> float | None:
    """Trades stand in the order of opening, so each adds what none before it has covered."""
    last = int(run.log.rows[:, LAST].max(initial=-1))
    if not run.has_times or last < 0:
        return None
    time_ns = run.rows.time_ns
    whole_ns = int(time_ns[last] - time_ns[0])
    opened, closed = run.log.trades[:, OPENED], run.log.trades[:, CLOSED]
    ends = time_ns[np.where(closed < 0, last, closed)]
    return _covered(time_ns[opened], ends) / whole_ns if whole_ns else None


def _covered(begins: Integers, ends: Integers) -> int:
    """How much time spans cover together, which are in the order of their beginnings."""
    if not len(begins):
        return 0
    until = np.maximum.accumulate(ends)
    before = np.concatenate([begins[:1], until[:-1]])
    return int(np.maximum(until - np.maximum(begins, before), 0).sum())
