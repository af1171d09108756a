"""What it costs to ask whether a search was luck: profits per period, and the test itself."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from arbitrage.documents.config import NUMERIC_FIELDS, TuningConfig
from arbitrage.replay.many_configs import OpenedFile, open_data, replay
from arbitrage.replay.periods.period_clock import Periods
from arbitrage.replay.periods.period_profits import period_profits
from benchmarks.data_files import write_parquet
from benchmarks.report import Section, Table, ceiling
from benchmarks.timing import medians

ROWS, PERIODS = 1_000_000, 365
THRESHOLDS = (0.0, 80.0)  # bps over the costs, evenly
WANTED = 1.3
SEARCHED, REPLICATES = 1_000_000, 1_000
WANTED_SECONDS, WANTED_MB = 60.0, 2 * 1024.0
ROUNDING = 1e-9  # of the sum of a config's profits, to all of its profits and losses

INTRODUCTION = """\
A prepared file of the kernels' quotes, cut into 365 periods; thresholds from 0 to 80 bps above
costs of 12, one thread, seconds of its CPU time, medians of rounds in which both take turns. The
replay gives a sweep's figures, drawdown included; the profits per period are another call, which
knows no drawdown. Before anything is timed, each config's profits are held against its net
profit."""


class Case(NamedTuple):
    """Some configs that go by one road."""

    name: str
    configs: int
    fields: dict[str, Any]


LATENCY: dict[str, Any] = {"latency_a_ms": 300, "latency_b_ms": 100}
CASES = (
    Case("windows, no options", 100, {}),
    Case("windows, no options", 400, {}),
    Case("windows, 3 slots", 400, {"max_open_trades": 3}),
    Case("trips, exit 5 bps", 100, {"exit_spread_bps": 5}),
    Case("trips, exit 5 bps", 400, {"exit_spread_bps": 5}),
    Case("trips, latency", 400, LATENCY),
    Case("trips, exit, holding 60 s, latency", 400,
         {"exit_spread_bps": 5, "max_holding_seconds": 60, **LATENCY}),
    Case("plain scan, 3 slots, exit 5 bps", 4, {"max_open_trades": 3, "exit_spread_bps": 5}),
)  # fmt: skip


def periods(*, quick: bool, rounds: int) -> Section:
    """Measure and report."""
    rows = ROWS // 10 if quick else ROWS
    table = Table(["road", "configs", "trades", "replay s", "profits per period s", "ratio"])
    worst = 0.0
    with TemporaryDirectory() as folder:
        data = open_data(write_parquet(Path(folder) / "quotes.parquet", rows))
        cut = Periods(rows // PERIODS // 4, np.arange(1, PERIODS + 1) * rows // PERIODS)
        for case in CASES:
            trades, seconds = _measured(data, case, cut, rounds)
            ratio = seconds["profits"] / seconds["replay"]
            worst = max(worst, ratio)
            table.rows.append(
                [case.name, str(case.configs), f"{trades:,}",
                 *(f"{seconds[name]:.4f}" for name in ("replay", "profits")), f"{ratio:.2f}"]
            )  # fmt: skip
    title = f"### {rows:,} rows, {PERIODS} periods"
    line = ceiling("profits per period to the replay, at worst", worst, WANTED, "x")
    parts = [INTRODUCTION, title, table, line, *_search(quick=quick)]
    return Section("Profits per period, and the test of a search", "periods", parts)


def _search(*, quick: bool) -> list[str | Table]:
    """The test over many configs in a process of its own, whose batches are there already."""
    configs = SEARCHED // 10 if quick else SEARCHED
    numbers = [str(number) for number in (configs, PERIODS, REPLICATES)]
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.children.search_child", *numbers],
        stdout=subprocess.PIPE,
        check=True,
    )
    took = json.loads(answer.stdout)
    table = Table(["", "seconds"])
    table.rows.append(["`superior_predictive_ability`, all batches", f"{took['seconds']:.1f}"])
    table.rows.append(["the product of weights and profits alone", f"{took['product']:.1f}"])
    lines = [
        ceiling("the test", took["seconds"], WANTED_SECONDS, "s"),
        ceiling("its memory", took["mb"], WANTED_MB, "MB"),
    ]
    title = f"### {configs:,} configs, {PERIODS} periods, {REPLICATES:,} replicates"
    note = (
        "Beyond the replay, on all cores. The product is what no other way to compute it would "
        "save: its time is that of the least of nine batches, as many times as there are batches."
    )
    return [title, note, table, "\n".join(lines)]


def _measured(
    data: OpenedFile, case: Case, cut: Periods, rounds: int
) -> tuple[int, dict[str, float]]:
    """How many trades the configs make, and the seconds that each call takes."""
    costs: dict[str, Any] = {"taker_fee_a_bps": 5, "taker_fee_b_bps": 5, "slippage_bps": 2}
    job = TuningConfig(
        data_file="quotes", min_spread_bps=0, max_position_usd=1_000, **costs, **case.fields
    )
    columns = {name: getattr(job, name) for name in NUMERIC_FIELDS}
    columns["min_spread_bps"] = np.linspace(*THRESHOLDS, case.configs)
    columns["initial_balance_usd"] = 1e9
    figures = replay(data, columns, case.configs)
    profits = period_profits(data, columns, case.configs, cut)
    off = np.abs(profits.sum(axis=0) - figures["net_pnl_usd"])
    if not (off <= ROUNDING * np.abs(profits).sum(axis=0)).all():
        raise SystemExit(f"profits per period do not add up to the net profit: {case.name}")
    runs: dict[str, Callable[[], Any]] = {
        "replay": partial(replay, data, columns, case.configs),
        "profits": partial(period_profits, data, columns, case.configs, cut),
    }
    return int(figures["total_trades"].sum()), medians(runs, rounds, time.thread_time, settle=1)
