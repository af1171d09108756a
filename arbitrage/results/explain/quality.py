"""What the rows were like that a run went over."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl

from arbitrage.data.check.counts.times import NS, STEPS_NS
from arbitrage.data.check.numbers.round_figures import RoundCounts
from arbitrage.replay.kernels.layout import Integers
from arbitrage.results.explain.recording import Recording


class Quality(NamedTuple):
    """The rows, and the time between those that are tradable by their prices.

    The figures of the time are None where the times cannot be used, or where there are no steps.

    Attributes:
        skipped_snapshots: Rows that the config did not look at, the stale ones among them.
        usual_step_seconds, gap_bound_seconds, gaps: As `arbtune data check` has them.
        largest_step_seconds: The longest time from one row to the next.
        largest_step_after: The timestamp of the row before it.
        trades_over_gaps: How many of the closed trades were open over a gap.
        pnl_over_gaps_usd: What these earned.
    """

    snapshots_count: int
    skipped_snapshots: int
    empty_snapshots: int
    crossed_snapshots: int
    locked_snapshots: int
    stale_snapshots: int
    usual_step_seconds: float | None = None
    gap_bound_seconds: float | None = None
    gaps: int | None = None
    largest_step_seconds: float | None = None
    largest_step_after: str | None = None
    trades_over_gaps: int | None = None
    pnl_over_gaps_usd: float | None = None


def quality_of(run: Recording, trades: pl.DataFrame, skipped: int, stale: int) -> Quality:
    """The quality of the data under a run.

    Args:
        run: What was written down of it.
        trades: Its trades, see `trade_table`.
        skipped: How many rows the config skipped.
        stale: How many of them for their age.
    """
    facts = run.data.facts
    counts = Quality(
        snapshots_count=facts.rows,
        skipped_snapshots=skipped,
        empty_snapshots=facts.empty,
        crossed_snapshots=facts.crossed,
        locked_snapshots=facts.locked,
        stale_snapshots=stale,
    )
    steps = np.diff(run.rows.time_ns)
    if not run.has_times or not len(steps):
        return counts
    measured = RoundCounts(STEPS_NS)
    measured.add(steps[steps > 0])
    usual, bound, gaps = measured.unusual()
    largest = int(steps.argmax())
    return counts._replace(
        usual_step_seconds=_seconds(usual),
        gap_bound_seconds=_seconds(bound),
        gaps=gaps,
        largest_step_seconds=_seconds(steps[largest].item()),
        largest_step_after=run.timestamps(np.array([largest]))[0],
        **_over_gaps(run.rows.row, steps, bound, trades),
    )


def _over_gaps(
    row: Integers, steps: Integers, bound: float | None, trades: pl.DataFrame
) -> dict[str, Any]:
    """The closed trades that were open on both sides of a gap."""
    if bound is None:
        return {}
    gap_rows = row[:-1][steps > bound]
    closed = trades.drop_nulls("close_row")
    before = np.searchsorted(gap_rows, closed["open_row"].to_numpy())
    after = np.searchsorted(gap_rows, closed["close_row"].to_numpy())
    over = closed.filter(pl.Series(before < after))
    return {"trades_over_gaps": over.height, "pnl_over_gaps_usd": float(over["pnl_usd"].sum())}


def _seconds(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / NS
