"""The second sample shows what latency does: another threshold is the best with it."""

from __future__ import annotations

import hashlib
import math
import re
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from arbitrage.arbitrage_backtest import ArbitrageBacktester
from arbitrage.arbitrage_core import ArbitrageConfig, ArbitrageEngine, OrderBookSnapshot
from arbitrage.data.columns import COLUMNS, OPTIONAL_COLUMNS
from arbitrage.data.snapshot_table import load_snapshots
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.many_configs import open_data
from arbitrage.shell.console import EXIT_OK, run_command
from scripts import flickering_market, make_sample_data
from tests.helpers.by_kernels import by_kernels

DATA = Path(__file__).resolve().parents[3] / "data"
SAMPLE = DATA / "sample_sizes_ages.csv"
COSTS: dict[str, Any] = {
    "data_file": str(SAMPLE),
    "taker_fee_a_bps": 2.0,
    "taker_fee_b_bps": 2.0,
    "slippage_bps": 1.0,
    "max_position_usd": 1_000.0,
}
THRESHOLDS_BPS = (0.0, 4.0, 8.0, 12.0, 16.0, 18.0, 22.0, 26.0, 34.0)
LATENCIES_MS = (0.0, 100.0)
OfLatencies = dict[float, dict[float, tuple[int, float]]]
README = (DATA / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rows() -> list[OrderBookSnapshot]:
    return list(load_snapshots(SAMPLE))


@pytest.fixture(scope="module")
def data() -> OpenedFile:
    return open_data(SAMPLE)


def backtest(data: OpenedFile, min_spread_bps: float, **others: float) -> SimpleNamespace:
    """By the kernels, which are the engine: see `test_options_on_every_road`."""
    return by_kernels(data, {**COSTS, "min_spread_bps": min_spread_bps, **others})


@pytest.fixture(scope="module")
def of_latencies(data: OpenedFile) -> OfLatencies:
    """Trades and net profit of the thresholds of README, with and without latency."""
    found: OfLatencies = {ms: {} for ms in LATENCIES_MS}
    for ms, runs in found.items():
        for bps in THRESHOLDS_BPS:
            run = backtest(data, bps, latency_a_ms=ms, latency_b_ms=ms)
            runs[bps] = run.total_trades, run.net_pnl_usd
    return found


def test_the_script_makes_the_file(tmp_path: Path) -> None:
    copy = tmp_path / "copy.csv"
    flags = ["--sizes-and-ages", "--output", str(copy)]
    assert run_command("make_sample_data", make_sample_data, flags) == EXIT_OK
    assert copy.read_bytes() == SAMPLE.read_bytes()
    assert hashlib.sha256(SAMPLE.read_bytes()).hexdigest() in README
    assert SAMPLE.relative_to(DATA.parent) == make_sample_data.OUTPUT_WITH_SIZES


def test_another_seed_makes_another_market() -> None:
    assert list(flickering_market.make_lines(50, 1)) != list(flickering_market.make_lines(50, 2))


def test_every_column_is_there_and_says_something(rows: list[OrderBookSnapshot]) -> None:
    header, *lines = SAMPLE.read_text(encoding="ascii").splitlines()
    assert header.split(",") == [*COLUMNS, *OPTIONAL_COLUMNS]
    assert len(lines) == len(rows) == 12_000
    assert all(0.0 in (row.age_a_ms, row.age_b_ms) for row in rows), "each is an update of one"
    assert sum(math.isnan(row.age_b_ms or 0.0) for row in rows) == 9
    assert [number for number, row in enumerate(rows) if not row.is_tradable] == [
        1_257,
        1_258,
        1_259,
        1_260,
    ]
    assert all(earlier.moment_ns < later.moment_ns for earlier, later in pairwise(rows))


def test_the_readmes_table_says_what_comes_out(of_latencies: OfLatencies) -> None:
    row = re.compile(r"^\| (\d+) \| (\d+ \| [-\d.]+) \| (\d+ \| [-\d.]+) \|$", re.MULTILINE)
    table = row.findall(README)
    assert tuple(float(bps) for bps, *_ in table) == THRESHOLDS_BPS
    for bps, *figures in table:
        for latency_ms, figure in zip(LATENCIES_MS, figures, strict=True):
            trades, net = of_latencies[latency_ms][float(bps)]
            assert figure == f"{trades} | {net:.2f}"


def test_the_best_threshold_without_latency_is_not_the_best_with_it(
    of_latencies: OfLatencies,
) -> None:
    net = {ms: {bps: net for bps, (_, net) in runs.items()} for ms, runs in of_latencies.items()}
    best = {latency_ms: max(found, key=found.__getitem__) for latency_ms, found in net.items()}
    assert best == {0.0: 8.0, 100.0: 18.0}
    assert net[0.0][8.0] > 80
    assert net[100.0][8.0] < -80
    assert 0 < net[100.0][18.0] < net[0.0][18.0]


def test_sizes_bind_and_ages_leave_rows_out(data: OpenedFile) -> None:
    free, sized = backtest(data, 8.0), backtest(data, 8.0, size_share=0.5)
    assert sized.net_pnl_usd < free.net_pnl_usd / 2
    assert sized.exits_beyond_size
    assert data.skipped_and_stale(500.0) == (287, 283)


def test_the_engine_says_the_same_with_latency(
    rows: list[OrderBookSnapshot], of_latencies: OfLatencies
) -> None:
    config = ArbitrageConfig(18.0, 2.0, 2.0, 1.0, 1_000.0, latency_a_ms=100.0, latency_b_ms=100.0)
    found = ArbitrageBacktester(ArbitrageEngine(config)).run(rows)
    assert (found.total_trades, found.net_pnl_usd) == of_latencies[100.0][18.0]
