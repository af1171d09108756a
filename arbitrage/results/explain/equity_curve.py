"""How the equity of a run went, as a table."""

from __future__ import annotations

import numpy as np
import polars as pl

from arbitrage.replay.kernels.options.log import DRAWDOWN, EQUITY
from arbitrage.results.explain.recording import Recording

SCHEMA = pl.Schema(
    {
        "time": pl.String(),
        "row": pl.Int64(),
        "equity_usd": pl.Float64(),
        "drawdown_pct": pl.Float64(),
    }
)


def equity_curve(run: Recording) -> pl.DataFrame:
    """Equity and drawdown on each tradable row that was processed, in the order of the file.

    Of a file with more than `MOST_MARKS` such rows only those that a picture needs: of each of
    25,000 stretches of equally many rows the last row, those of the highest and of the lowest
    equity, and that of the deepest drawdown.
    """
    places, firsts = np.unique(run.log.rows, return_index=True)
    is_there = places >= 0
    places, marks = places[is_there], run.log.marks.reshape(-1, 2)[firsts[is_there]]
    return pl.DataFrame(
        {
            "time": run.timestamps(places),
            "row": run.numbers(places),
            "equity_usd": marks[:, EQUITY],
            "drawdown_pct": marks[:, DRAWDOWN],
        },
        schema=SCHEMA,
    )
