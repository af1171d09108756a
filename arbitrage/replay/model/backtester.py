"""Replays snapshots through the engine: marks the account, stops it, and counts.

Profits are plain double additions from 0.0, left to right, in the order in which trades close.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from arbitrage.data.quote_row import OrderBookSnapshot
from arbitrage.documents.figures import Figures
from arbitrage.replay.model.engine import ArbitrageEngine

RUIN_PCT = 100.0


@dataclass(frozen=True, slots=True)
class BacktestConfig:
    """The account. Without `stop_on_drawdown_pct` a run stops when the account is gone."""

    initial_balance_usd: float = 10_000.0
    max_steps: int | None = None
    stop_on_drawdown_pct: float | None = None


@dataclass(frozen=True, slots=True)
class BacktestStats:
    """Counts beside the figures, by attribute or by key.

    Steps count skipped rows too; a losing trade lost money.
    """

    steps_processed: int = 0
    total_snapshots: int = 0
    skipped_snapshots: int = 0
    winning_trades: int = 0
    losing_trades: int = 0
    stale_snapshots: int = 0

    def __getitem__(self, name: str) -> int:
        if name not in self.__dataclass_fields__:
            raise KeyError(name)
        value: int = getattr(self, name)
        return value


@dataclass(frozen=True, slots=True)
class BacktestResult(Figures):
    """The figures of one run, and counts beside them."""

    stats: BacktestStats = field(default_factory=BacktestStats)


class _Account:
    """The running money of one backtest."""

    def __init__(self, initial_balance_usd: float) -> None:
        self.initial_usd = initial_balance_usd
        self.realized_usd = 0.0
        self.unrealized_usd = 0.0
        self.peak_usd = initial_balance_usd
        self.max_drawdown_pct = 0.0

    def mark(self, unrealized_usd: float) -> float:
        """Value the account after one row; the drawdown there, in percent of the peak."""
        self.unrealized_usd = unrealized_usd
        equity = (self.initial_usd + self.realized_usd) + unrealized_usd
        self.peak_usd = max(self.peak_usd, equity)
        drawdown_pct = (self.peak_usd - equity) / self.peak_usd * 100
        self.max_drawdown_pct = max(self.max_drawdown_pct, drawdown_pct)
        return drawdown_pct


class ArbitrageBacktester:
    """Runs an engine over snapshots and values the account once a tradable row.

    The engine carries its open trades along, so one engine belongs to one run.
    """

    def __init__(self, engine: ArbitrageEngine, config: BacktestConfig | None = None) -> None:
        self.arb_engine = engine
        self.config = config if config is not None else BacktestConfig()
        self._cost_bps = 2 * engine.config.cost_bps

    def run(self, snapshots: Iterable[OrderBookSnapshot]) -> BacktestResult:
        """Replay all `snapshots`, or up to `max_steps` rows, or to the stop."""
        limit = self.config.stop_on_drawdown_pct
        stop_pct = RUIN_PCT if limit is None else limit
        max_steps = self.config.max_steps
        limits_age = self.arb_engine.limits_age
        account = _Account(self.config.initial_balance_usd)
        opened = winning = losing = closed = steps = skipped = stale = total = 0
        beyond_size = 0
        stopped: tuple[int, str] | None = None

        for row, snapshot in enumerate(snapshots):
            total += 1
            tradable = self.arb_engine.is_tradable(snapshot)
            skipped += not tradable
            stale += limits_age and self.arb_engine.is_stale(snapshot)
            if stopped is not None or (max_steps is not None and row >= max_steps):
                continue  # only counted: skipped rows are those of the whole file
            steps += 1
            if not tradable:
                continue
            for trade in self.arb_engine.on_snapshot(snapshot):
                if trade.is_open:
                    opened += 1
                    continue
                closed += 1
                account.realized_usd += trade.pnl_usd
                winning += trade.pnl_usd > 0
                losing += trade.pnl_usd < 0
                beyond_size += bool(trade.exceeds_size)
            if account.mark(self._unrealized_usd(snapshot)) >= stop_pct:
                stopped = (row, snapshot.timestamp)

        return BacktestResult(
            total_trades=opened,
            closed_trades=closed,
            open_trades=len(self.arb_engine.get_open_trades()),
            final_balance_usd=account.initial_usd + account.realized_usd,
            realized_pnl_usd=account.realized_usd,
            max_drawdown_pct=account.max_drawdown_pct,
            win_rate=winning / closed if closed else 0.0,
            avg_pnl_per_trade_usd=account.realized_usd / closed if closed else 0.0,
            unrealized_pnl_usd=account.unrealized_usd,
            net_pnl_usd=account.realized_usd + account.unrealized_usd,
            stopped_row=stopped[0] if stopped else None,
            stopped_timestamp=stopped[1] if stopped else None,
            exits_beyond_size=None if self.arb_engine.config.size_share is None else beyond_size,
            stats=BacktestStats(steps, total, skipped, winning, losing, stale),
        )

    def _unrealized_usd(self, snapshot: OrderBookSnapshot) -> float:
        """What closing every open trade on this row would pay, oldest first."""
        total = 0.0
        for trade in self.arb_engine.get_open_trades():
            total += trade.pnl_usd_at(trade.exit_spread_on(snapshot), self._cost_bps)
        return total
