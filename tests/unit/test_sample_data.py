"""The sample shows the real problem: low thresholds lose, high ones do not trade."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from arbitrage.arbitrage_backtest import ArbitrageBacktester, BacktestConfig, BacktestResult
from arbitrage.arbitrage_core import ArbitrageConfig, ArbitrageEngine, OrderBookSnapshot
from arbitrage.snapshots import load_snapshots
from scripts.make_sample_data import ROWS, SEED, make_lines

DATA = Path(__file__).resolve().parents[2] / "data"
SAMPLE = DATA / "sample_arbitrage_prices.csv"


@pytest.fixture(scope="module")
def rows() -> list[OrderBookSnapshot]:
    return list(load_snapshots(SAMPLE))


def backtest(
    rows: list[OrderBookSnapshot],
    min_spread_bps: float,
    *,
    position_usd: float = 1_000.0,
    stop_pct: float | None = None,
) -> BacktestResult:
    engine = ArbitrageEngine(ArbitrageConfig(min_spread_bps, 5.0, 5.0, 2.0, position_usd))
    return ArbitrageBacktester(engine, BacktestConfig(stop_on_drawdown_pct=stop_pct)).run(rows)


def test_the_file_is_what_the_script_makes() -> None:
    assert "".join(make_lines(ROWS, SEED)).encode() == SAMPLE.read_bytes()


def test_the_readme_names_the_files_hash() -> None:
    digest = hashlib.sha256(SAMPLE.read_bytes()).hexdigest()
    assert digest in (DATA / "README.md").read_text(encoding="utf-8")


def test_another_seed_makes_another_market() -> None:
    assert list(make_lines(50, 1)) != list(make_lines(50, 2))


def test_low_thresholds_lose_high_ones_do_not_trade_and_the_best_lies_between(
    rows: list[OrderBookSnapshot],
) -> None:
    net = {bps: backtest(rows, bps).net_pnl_usd or 0.0 for bps in (0.0, 5.0, 20.0, 25.0, 30.0)}
    assert net[0.0] < net[5.0] < -100
    assert max(net, key=net.__getitem__) == 25.0
    assert min(net[20.0], net[30.0]) > 50, "the best is no lone peak"
    assert backtest(rows, 80.0).total_trades == 0


def test_there_are_trades_at_30_bps(rows: list[OrderBookSnapshot]) -> None:
    assert backtest(rows, 30.0).total_trades == 33


def test_some_rows_cannot_be_traded_on(rows: list[OrderBookSnapshot]) -> None:
    assert backtest(rows, 80.0).stats.skipped_snapshots == 31


def test_the_widening_stops_an_account_that_bets_too_much(rows: list[OrderBookSnapshot]) -> None:
    stopped = backtest(rows, 20.0, position_usd=100_000.0, stop_pct=6.0)
    assert stopped.stopped_row is not None
    assert 12_400 <= stopped.stopped_row < 12_700
    assert stopped.open_trades == 1


def test_the_end_of_the_file_leaves_a_loser_open(rows: list[OrderBookSnapshot]) -> None:
    result = backtest(rows, 25.0)
    assert result.open_trades == 1
    assert result.net_pnl_usd is not None
    assert result.net_pnl_usd < result.realized_pnl_usd - 5
