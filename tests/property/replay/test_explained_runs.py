"""Trades and equity of a run, recorded by a kernel, are those of the engine, to the last bit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given

from arbitrage.arbitrage_backtest import ArbitrageBacktester, BacktestConfig
from arbitrage.arbitrage_core import ArbitrageConfig, ArbitrageEngine, ArbitrageTrade
from arbitrage.data.quote_row import OrderBookSnapshot
from arbitrage.documents.config import NUMERIC_FIELDS, TuningConfig
from arbitrage.replay.kernels.options.log import MARKS
from arbitrage.replay.many_configs import open_data
from arbitrage.results.explain import recording
from arbitrage.results.explain.explanation import Explanation, explain_config
from tests.helpers.inputs import options
from tests.helpers.inputs.examples import examples
from tests.helpers.inputs.options import Market
from tests.helpers.oracles import terms
from tests.helpers.oracles.terms import Params, plain_sum

randoms = options.randoms
Row = dict[str, Any]
Mark = tuple[int, float, float]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("markets")


def explained(market: Market, params: Params, folder: Path) -> Explanation:
    path = options.csv_file(folder / "quotes.csv", market)
    numbers = {name: getattr(params, name) for name in NUMERIC_FIELDS}
    return explain_config(TuningConfig(data_file=str(path), **numbers), open_data(path))


def by_the_engine(market: Market, params: Params) -> tuple[list[Row], list[Mark]]:
    """The rows of the table of trades, and the equity and the drawdown of each tradable row."""
    snapshots = options.snapshots(*market)
    of_engine, of_account = config_of(ArbitrageConfig, params), config_of(BacktestConfig, params)
    stop = ArbitrageBacktester(ArbitrageEngine(of_engine), of_account).run(snapshots).stopped_row
    engine, opened = ArbitrageEngine(of_engine), {}
    closed: list[Row] = []
    marks: list[Mark] = []
    peak = params.initial_balance_usd
    for row, snapshot in enumerate(snapshots[: len(snapshots) if stop is None else stop + 1]):
        for trade in engine.on_snapshot(snapshot):
            if trade.is_open:
                opened[id(trade)] = row
            else:
                closed.append(table_row(engine, trade, opened.pop(id(trade)), row, snapshots))
        if engine.is_tradable(snapshot):
            realized = plain_sum(one["pnl_usd"] for one in closed)
            equity = (params.initial_balance_usd + realized) + unrealized(engine, snapshot)
            peak = max(peak, equity)
            marks.append((row, equity, (peak - equity) / peak * 100))
    still = [
        table_row(engine, trade, opened[id(trade)], None, snapshots)
        for trade in engine.get_open_trades()
    ]
    return [*closed, *still], marks


def config_of(kind: Any, params: Params) -> Any:
    names = {field.name for field in fields(kind)} & {field.name for field in fields(params)}
    return kind(**{name: getattr(params, name) for name in names})


def unrealized(engine: ArbitrageEngine, snapshot: OrderBookSnapshot) -> float:
    cost_bps = 2 * engine.config.cost_bps
    return plain_sum(
        trade.pnl_usd_at(trade.exit_spread_on(snapshot), cost_bps)
        for trade in engine.get_open_trades()
    )


def table_row(
    engine: ArbitrageEngine,
    trade: ArbitrageTrade,
    opened: int,
    closed: int | None,
    snapshots: Sequence[OrderBookSnapshot],
) -> Row:
    def of_closed(value: Any) -> Any:
        return None if closed is None else value

    begun = snapshots[opened]
    ended = begun if closed is None else snapshots[closed]
    return {
        "open_time": trade.open_timestamp,
        "close_time": trade.close_timestamp,
        "open_row": opened,
        "close_row": closed,
        "side": str(trade.side),
        "decision_spread_bps": trade.decision_spread_bps,
        "entry_spread_bps": trade.entry_spread_bps,
        "exit_spread_bps": trade.exit_spread_bps,
        "long_entry_price": trade.entry_price,
        "short_entry_price": trade.short_entry_price,
        "long_exit_price": of_closed(trade.long_exit_price),
        "short_exit_price": of_closed(trade.short_exit_price),
        "cost_bps": 2 * engine.config.cost_bps,
        "notional_usd": trade.notional_usd,
        "pnl_bps": of_closed(trade.pnl_bps),
        "pnl_usd": of_closed(trade.pnl_usd),
        "holding_seconds": of_closed((ended.moment_ns - begun.moment_ns) / 1e9),
        "ended_by": "open" if closed is None else str(trade.ended_by),
    }


def drawn(random: Random, n_rows: int = 60) -> Market:
    market = options.readable(options.market(random, n_rows))
    return market if market[0] else ([("1", 0.0, 0.0, 0.0, 0.0)], [terms.More(10**9)])


def assert_is_the_run_of_the_engine(found: Explanation, market: Market, params: Params) -> None:
    trades, marks = by_the_engine(market, params)
    assert found.trades.to_dicts() == trades
    assert found.equity.rows() == [(market[0][row][0], row, *mark) for row, *mark in marks]
    metrics = found.metrics
    assert plain_sum(found.trades["pnl_usd"].drop_nulls()) == metrics.realized_pnl_usd
    assert metrics.net_pnl_usd is not None
    assert metrics.total_trades == len(trades)
    if marks:
        final = (params.initial_balance_usd + metrics.realized_pnl_usd) + (
            metrics.unrealized_pnl_usd or 0.0
        )
        assert marks[-1][1] == final
        deepest = max(mark[2] for mark in marks)
        assert math.isclose(deepest, metrics.max_drawdown_pct, rel_tol=0, abs_tol=1e-9)


@examples(12)
@given(randoms)
def test_a_run_is_explained_as_the_engine_ran_it(folder: Path, random: Random) -> None:
    market, params = drawn(random), options.params(random)
    assert_is_the_run_of_the_engine(explained(market, params, folder), market, params)


@examples(5)
@given(randoms)
def test_so_is_a_run_without_options(folder: Path, random: Random) -> None:
    market = drawn(random)
    plain = Params(
        min_spread_bps=random.choice([0.0, 2.0, 5.0]),
        max_open_trades=random.choice([1, 3]),
        stop_on_drawdown_pct=random.choice([None, 0.02]),
    )
    assert_is_the_run_of_the_engine(explained(market, plain, folder), market, plain)


@examples(5)
@given(randoms)
def test_equity_of_a_long_file_keeps_what_a_picture_needs(folder: Path, random: Random) -> None:
    """Here a long file is one of more than eight rows."""
    market, params = drawn(random), options.params(random)
    _, marks = by_the_engine(market, params)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recording, "MOST_MARKS", 8)
        kept = explained(market, params, folder).equity
    assert len(kept) <= max(8, 2 * MARKS)
    assert set(kept.rows()) <= {(market[0][row][0], row, *mark) for row, *mark in marks}
    assert kept["row"].is_sorted()
    if marks:
        assert kept["row"][-1] == marks[-1][0]
        for place in (1, 2):
            column = [mark[place] for mark in marks]
            assert max(column) == max(kept.rows(), key=lambda row: row[place + 1])[place + 1]
        assert min(mark[1] for mark in marks) == kept["equity_usd"].min()
