"""Part (a): one core, many configs over one file; the kernels, the engine, vectorbt and NumPy."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from arbitrage.arbitrage_backtest import ArbitrageBacktester, BacktestConfig
from arbitrage.arbitrage_core import ArbitrageConfig, ArbitrageEngine, OrderBookSnapshot
from arbitrage.replay.kernel_calls import quotes_of, replay_all, scan_all, windows_of
from arbitrage.replay.kernels.layout import Floats, Parameters, Prices, RunTotals
from benchmarks.market_data import market_data
from benchmarks.peers import numpy_peer
from benchmarks.report import Section, Table, target
from benchmarks.timing import medians

COST_BPS, NOTIONAL_USD, NO_STOP_PCT = 12.0, 1_000.0, 100.0
BALANCE_USD = 1e6  # none of the configs loses it: NumPy and vectorbt know no stop
ABOVE_COST_BPS = (0.0, 10.0, 20.0, 30.0, 40.0, 60.0, 80.0)
GRID = (15.0, 95.0, 10_000)  # thresholds, evenly
SWEEP_ROWS = 1_000_000

# How many configs of the grid the slower ones run, evenly from all over it.
SCANNED, PEERED = 100, 8
ENGINE_ROWS = 200_000
COMPARED_TO_THE_CENT = 1e-6  # USD: vectorbt rounds on other ways to the same balance

INTRODUCTION = """\
Prepared data in memory, one thread, seconds of its CPU time, medians of rounds in which the
contestants take turns; a turn begins with a run that is not counted and goes on with four that are,
as the configs of a sweep follow each other. Data: `benchmarks/market_data.py`, seeded. Cost of one
execution 12 bps, one trade at a time, 1,000 USD a trade, a balance that no config loses.

All of them compute trades, profit, balance and the largest drawdown, vectorbt without the drawdown
(it cannot mark at executable prices) and with its grid of signals built before the clock starts.
Before anything is timed, the indexed kernel is held against the plain scan (all figures equal to
the bit), the engine and NumPy (equal to the bit) and vectorbt (orders equal, balances within
1e-6 USD)."""


def kernels(*, quick: bool, rounds: int) -> Section:
    """Measure and report."""
    section = Section("Kernels", "kernels", [INTRODUCTION])
    for rows in (SWEEP_ROWS,) if quick else (SWEEP_ROWS, 3_000_000, 10_000_000):
        section.parts += _thresholds(_Market(market_data(rows)), rounds)
    section.parts += _grid(_Market(market_data(SWEEP_ROWS)))
    return section


class _Market:
    """A file's rows in every contestant's own form, and each contestant's way to run configs."""

    def __init__(self, prices: Prices) -> None:
        self.rows = len(prices.bid_a)
        self.prices = prices
        self.quotes = quotes_of(prices)
        self.windows = windows_of(self.quotes)
        self._ends = numpy_peer.ends_of(self.quotes)

    def scan(self, thresholds: Floats) -> Callable[[], RunTotals[Floats]]:
        """A run of the plain scan, its parameters made already."""
        return partial(scan_all, self.quotes, _parameters(thresholds))

    def indexed(self, thresholds: Floats) -> Callable[[], RunTotals[Floats]]:
        """A run of the indexed kernel, its parameters made already."""
        return partial(replay_all, self.windows, _parameters(thresholds))

    def numpy(self, thresholds: Floats) -> list[numpy_peer.RunTotals]:
        return [
            numpy_peer.run(
                self.quotes,
                self._ends,
                numpy_peer.Terms(bps, COST_BPS, NOTIONAL_USD, BALANCE_USD),
            )
            for bps in thresholds.tolist()
        ]

    def vectorbt(self, thresholds: Floats) -> Callable[[], tuple[Any, Any]]:
        """A run of vectorbt, its grid made already."""
        from benchmarks.peers import vectorbt_peer

        legs = vectorbt_peer.legs_of(self.prices, self.quotes)
        grid = vectorbt_peer.inputs(self.quotes, legs, _parameters(thresholds))
        return partial(vectorbt_peer.run, grid)

    def engine(self) -> Callable[[float], Any]:
        """A run of the engine over the first rows; its snapshots are made already."""
        columns = [column[:ENGINE_ROWS].tolist() for column in self.prices]
        snapshots = [OrderBookSnapshot("", *row) for row in zip(*columns, strict=True)]
        return lambda threshold: _engine(threshold).run(snapshots)

    def head(self) -> _Market:
        """The rows that the engine runs over."""
        return _Market(Prices._make(_head(column) for column in self.prices))


def _head(column: Floats) -> Floats:
    rows = column[:ENGINE_ROWS].copy()
    rows.flags.writeable = False
    return rows


def _parameters(thresholds: Floats) -> Parameters:
    count = len(thresholds)
    filled = partial(np.full, count)
    return Parameters(
        threshold=np.array(thresholds),
        cost=filled(COST_BPS),
        notional=filled(NOTIONAL_USD),
        slots=np.ones(count, np.int64),
        balance=filled(BALANCE_USD),
        stop=filled(NO_STOP_PCT),
    )


def _engine(threshold: float) -> ArbitrageBacktester:
    config = ArbitrageConfig(threshold - COST_BPS, COST_BPS, 0.0, 0.0, NOTIONAL_USD)
    return ArbitrageBacktester(ArbitrageEngine(config), BacktestConfig(BALANCE_USD))


# -- equality, before anything is timed


def _check(market: _Market, thresholds: Floats) -> None:
    """Hold the indexed kernel against the plain scan and NumPy."""
    indexed, scanned = market.indexed(thresholds)(), market.scan(thresholds)()
    for name, ours, theirs in zip(RunTotals._fields, indexed, scanned, strict=True):
        _same(f"plain scan, {name}", bool((ours == theirs).all()))
    for i, outcome in enumerate(market.numpy(thresholds[:PEERED])):
        found = (indexed.opened[i], indexed.closed[i], indexed.realized[i], indexed.drawdown[i])
        _same(f"NumPy at {thresholds[i]} bps", tuple(outcome) == found)


def _check_engine(market: _Market, run: Callable[[float], Any], thresholds: Floats) -> None:
    tally = market.head().indexed(thresholds)()
    for i, threshold in enumerate(thresholds.tolist()):
        result = run(threshold)
        found = (result.total_trades, result.realized_pnl_usd, result.max_drawdown_pct)
        ours = (tally.opened[i], tally.realized[i], tally.drawdown[i])
        _same(f"engine at {threshold} bps", found == ours)


def _check_vectorbt(market: _Market, run: Callable[[], Any], thresholds: Floats) -> None:
    tally = market.indexed(thresholds)()
    orders, balances = run()
    _same("vectorbt, orders", bool((orders == 2 * (tally.opened + tally.closed)).all()))
    # Its final balance is at middle prices: only where no trade is open it is ours.
    flat = tally.opened == tally.closed
    off = np.abs(balances - (BALANCE_USD + tally.realized))[flat]
    _same("vectorbt, balances", bool((off < COMPARED_TO_THE_CENT).all()))


def _same(what: str, is_same: bool) -> None:
    if not is_same:
        raise SystemExit(f"the indexed kernel differs from another: {what}")


# -- the tables


def _thresholds(market: _Market, rounds: int) -> list[str | Table]:
    """Each of the seven thresholds by itself, and their sum."""
    _check(market, COST_BPS + np.array(ABOVE_COST_BPS))
    table = Table(["bps above cost", "trades", "NumPy ms", "plain scan ms", "indexed ms", "ratio"])
    totals = dict.fromkeys(("NumPy", "scan", "indexed"), 0.0)
    for above in ABOVE_COST_BPS:
        one = np.array([COST_BPS + above])
        seconds = _alternating(market, one, rounds)
        totals = {name: totals[name] + seconds[name] for name in totals}
        table.rows.append(
            [f"{above:g}", f"{int(market.indexed(one)().opened[0]):,}", *_milliseconds(seconds)]
        )
    table.rows.append(["sum", "", *_milliseconds(totals)])
    together = _alternating(market, COST_BPS + np.array(ABOVE_COST_BPS), rounds)
    table.rows.append(["all in one call", "", *_milliseconds(together)])
    rate = market.rows * len(ABOVE_COST_BPS) / totals["scan"] / 1e6
    return [
        f"### {market.rows:,} rows, one config at a time",
        table,
        "\n".join(
            [
                target("sum over the thresholds, one call each, indexed to plain scan",
                       totals["scan"] / totals["indexed"], 20),
                target("all thresholds in one call, as a sweep sends them, indexed to plain scan",
                       together["scan"] / together["indexed"], 20),
                target("plain scan", rate, 200, "million rows a second"),
            ]
        ),
    ]  # fmt: skip


def _alternating(market: _Market, thresholds: Floats, rounds: int) -> dict[str, float]:
    run = {"scan": market.scan(thresholds), "indexed": market.indexed(thresholds)}
    seconds = medians(run, rounds, time.thread_time, turn=4, settle=1)
    return {**medians({"NumPy": partial(market.numpy, thresholds)}, 3, time.thread_time), **seconds}


def _milliseconds(seconds: dict[str, float]) -> list[str]:
    ratio = seconds["scan"] / seconds["indexed"]
    return [
        *(f"{seconds[name] * 1e3:,.3f}" for name in ("NumPy", "scan", "indexed")),
        f"{ratio:.1f}",
    ]


def _grid(market: _Market) -> list[str | Table]:
    """Ten thousand configs; the slower contestants run some of them."""
    thresholds = np.linspace(*GRID)
    scanned = thresholds[:: len(thresholds) // SCANNED]
    peered = thresholds[len(thresholds) // (2 * PEERED) :: len(thresholds) // PEERED]
    _check(market, scanned)
    engine = market.engine()
    _check_engine(market, engine, peered)
    runs: dict[str, tuple[Callable[[], Any], int]] = {
        "indexed": (market.indexed(thresholds), market.rows * len(thresholds)),
        "plain scan": (market.scan(scanned), market.rows * len(scanned)),
        "NumPy": (partial(market.numpy, peered), market.rows * len(peered)),
        "engine": (partial(engine, float(peered[0])), ENGINE_ROWS),
    }
    if find_spec("vectorbt") is not None:
        vectorbt = market.vectorbt(peered)
        _check_vectorbt(market, vectorbt, peered)
        runs["vectorbt"] = (vectorbt, market.rows * len(peered))
    seconds = medians({name: run for name, (run, _) in runs.items()}, 3, time.thread_time, settle=1)
    rates = {name: work / seconds[name] for name, (_, work) in runs.items()}
    start, stop, count = GRID
    title = f"### {count:,} configs, thresholds {start:g} to {stop:g} bps, {market.rows:,} rows"
    note = (
        f"The plain scan runs {len(scanned)} of them, NumPy and vectorbt {len(peered)}, from all "
        f"over the grid; the engine runs one, over the first {ENGINE_ROWS:,} rows."
    )
    return [title, note, _rates(rates), "\n".join(_grid_targets(rates))]


def _rates(rates: dict[str, float]) -> Table:
    table = Table(["", "million row-configs/s", "to the plain scan", "to vectorbt"])
    vectorbt = rates.get("vectorbt")
    for name, rate in rates.items():
        beside = f"{rate / vectorbt:,.4g}" if vectorbt else "not installed"
        table.rows.append(
            [name, f"{rate / 1e6:,.4g}", f"{rate / rates['plain scan']:,.4g}", beside]
        )
    return table


def _grid_targets(rates: dict[str, float]) -> list[str]:
    lines = [target("indexed to plain scan", rates["indexed"] / rates["plain scan"], 25)]
    if "vectorbt" in rates:
        lines.append(target("indexed to vectorbt", rates["indexed"] / rates["vectorbt"], 1_000))
    return lines
