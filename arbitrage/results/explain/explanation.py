"""What one config did, and why it came to what it came to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from arbitrage.arbitrage_tuning import facts_of, metrics_of
from arbitrage.documents.config import TuningConfig
from arbitrage.replay.many_configs import replay_one
from arbitrage.results.explain.equity_curve import equity_curve
from arbitrage.results.explain.habits import Habits, habits_of
from arbitrage.results.explain.money import Money, where_money_went
from arbitrage.results.explain.quality import Quality, quality_of
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
        money: Where the money went, see `where_money_went`.
        habits: How it traded.
        quality: What the rows were like.
    """

    config: TuningConfig
    metrics: TuningMetrics
    trades: pl.DataFrame
    equity: pl.DataFrame
    money: list[Money]
    habits: Habits
    quality: Quality

    def as_json(self) -> dict[str, Any]:
        """All but the tables, as the object that a program reads."""
        return {
            "config": self.config.model_dump(mode="json"),
            "metrics": self.metrics.model_dump(mode="json"),
            "money": [item._asdict() for item in self.money],
            "habits": self.habits._asdict(),
            "quality": self.quality._asdict(),
        }


def explain_config(config: TuningConfig, data: OpenedFile) -> Explanation:
    """Run a config over a data file once more and tell what happened.

    Args:
        config: What to run; the name of its data file does not matter.
        data: The file.

    Raises:
        DataError: The data lack what an option needs.
        DataChanged: The file is not the one that was opened.
    """
    started = time.perf_counter()
    figures = replay_one(data, config.numbers())
    seconds = time.perf_counter() - started
    metrics = metrics_of(config, figures, facts_of(config, data), seconds)
    run = recorded(data, config.numbers(), metrics.total_trades)
    trades = trade_table(run)
    skipped_and_stale = data.skipped_and_stale(config.max_quote_age_ms)
    return Explanation(
        config=config,
        metrics=metrics,
        trades=trades,
        equity=equity_curve(run),
        money=where_money_went(trades, config, metrics),
        habits=habits_of(run, trades, metrics.realized_pnl_usd),
        quality=quality_of(run, trades, *skipped_and_stale),
    )
