"""Two venues' raw files to one snapshot file: time beside reading them once, and memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.report import Section, Table, ceiling

ROWS_AT_ONCE = 1_000_000
MOST_MB = 2_048

NOTE = """\
`data align` of two files as Tardis sells them (quotes, sorted by receipt) into a Parquet file, and
`polars.read_csv` of the same two, one after the other; each in a process of its own, its largest
resident memory beside it."""

READ = "import sys, polars; [polars.read_csv(path).height for path in sys.argv[1:]]"


def align(*, quick: bool, rounds: int) -> Section:
    """Measure and report."""
    rows = 1_000_000 if quick else 50_000_000
    section = Section("Aligning", "align")
    with tempfile.TemporaryDirectory(prefix="arbtune-bench-") as name:
        a, b = (_write(Path(name) / f"{venue}.csv", rows, seed) for seed, venue in enumerate("ab"))
        output = str(Path(name) / "out.parquet")
        tool = [sys.executable, "-m", "worker.cli", "data", "align", "--a", a, "--b", b]
        contestants = {
            "polars.read_csv": [sys.executable, "-c", READ, a, b],
            "data align": [*tool, "-o", output],
        }
        turns = {
            name: [_run(command) for _ in range(rounds)] for name, command in contestants.items()
        }
        megabytes = sum(Path(path).stat().st_size for path in (a, b)) / 1e6
    table = Table(["", "s", "MB/s", "memory, MB"])
    seconds = {}
    for name, runs in turns.items():
        seconds[name] = statistics.median(run[0] for run in runs)
        memory = max(run[1] for run in runs)
        rate = megabytes / seconds[name]
        table.rows.append([name, f"{seconds[name]:,.1f}", f"{rate:,.0f}", f"{memory:,.0f}"])
    ratio = seconds["data align"] / seconds["polars.read_csv"]
    section.parts += [
        f"### {rows:,} quotes a venue, {megabytes:,.0f} MB",
        NOTE,
        table,
        f"- time beside reading both once: **{ratio:.1f} x**",
        ceiling("memory of data align", max(run[1] for run in turns["data align"]), MOST_MB, "MB"),
    ]
    return section


def _write(path: Path, rows: int, seed: int) -> str:
    """Quotes of one venue, some 300 us apart; the price walks by ticks of 0.1."""
    draw = np.random.default_rng(seed)
    moment, ticks = 1_700_000_000_000_000, 600_000
    with path.open("wb") as file:
        for start in range(0, rows, ROWS_AT_ONCE):
            count = min(ROWS_AT_ONCE, rows - start)
            moments = moment + np.cumsum(draw.integers(1, 600, count))
            walk = ticks + np.cumsum(draw.integers(-1, 2, count))
            frame = pl.DataFrame(
                {
                    "exchange": np.full(count, "venue"),
                    "symbol": np.full(count, "BTCUSDT"),
                    "timestamp": moments,
                    "local_timestamp": moments + 2_500,
                    "ask_amount": draw.integers(1, 9_999, count) / 1_000,
                    "ask_price": (walk + 1) / 10,
                    "bid_price": walk / 10,
                    "bid_amount": draw.integers(1, 9_999, count) / 1_000,
                }
            )
            frame.write_csv(file, include_header=not start)
            moment, ticks = int(moments[-1]), int(walk[-1])
    return str(path)


def _run(command: list[str]) -> tuple[float, float]:
    """The seconds that a process takes, and the most memory in MB that it had."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return seconds, usage.ru_maxrss / 1024
