"""What one config did, and why it came to what it came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from arbitrage.arbitrage_tuning import metrics_over
from arbitrage.documents.config import NUMERIC_FIELDS, TuningConfig
from arbitrage.results.explain.equity_curve import equity_curve
from arbitrage.results.explain.recording import recorded
from arbitrage.results.explain.trade_table import trade_table

if TYPE_CHECKING:
    import polars as pl

    from arbitrage.documents.job_metrics import TuningMetrics
    from arbitrage.replay.files.opened_file import OpenedFile


@dataclass(frozen=True)
class Explanation:
    """One run, with everything on.

    Attributes:
        config: What was run.
        metrics: What it came to.
        trades: A row a trade, see `trade_table`.
        equity: How its equity went, see `equity_curve`.
    """

    config: TuningConfig
    metrics: TuningMetrics
    trades: pl.DataFrame
    equity: pl.DataFrame


def explain_config(config: TuningConfig, data: OpenedFile) -> Explanation:
    """Run a config over a data file once more and tell what happened.

    Args:
        config: What to run; the name of its data file does not matter.
        data: The file.

    Raises:
        DataError: The data lack what an option needs.
        DataChanged: The file is not the one that was opened.
    """
    metrics = metrics_over(config, data)
    numbers = config.model_dump(include=set(NUMERIC_FIELDS))
    run = recorded(data, numbers, metrics.total_trades)
    return Explanation(config, metrics, trade_table(run), equity_curve(run))
