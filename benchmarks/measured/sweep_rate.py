"""Part (b): a whole sweep through the queue, against the same kernel in two plain processes."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import polars as pl
import psutil

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.replay.many_configs import open_data
from arbitrage.sweep import replay_range
from benchmarks.data_files import write_parquet
from benchmarks.processes import peak_mb, server
from benchmarks.report import Section, Table, ceiling, target
from worker.client.embedded import embedded_server, local_workers

ROWS = 1_000_000
PROCESSES = 2
LOOK_EVERY_S = 0.1
COMPARED = 20_000  # configs whose rows are held against those of this process

NOTE = """\
Thresholds from 15 to 95 bps over 1,000,000 rows. Plain: two processes replay the same ranges with
the same kernel and keep nothing. Queue: `arbtune sweep` on an embedded server with one worker of
two processes, every row written to Parquet. Both are timed from the start of the command to its
end, by turns; the data file is prepared. The first 20,000 rows are compared with those computed in
this process: equal."""


class Sweep(NamedTuple):
    """One run through the queue: how long it took, and the memory at its peak."""

    seconds: float
    client_mb: float
    server_mb: float


def sweep_rate(*, quick: bool, rounds: int) -> Section:
    """Measure and report."""
    configs = 100_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory(prefix="arbtune-bench-") as folder, _inside(Path(folder)):
        spec = _spec(Path(folder), configs)
        open_data(SweepSpec.from_file(spec).data_file)
        plain, sweeps = [], []
        with _queue(folder) as environment:
            for number in range(rounds):
                plain.append(_plain(spec))
                sweeps.append(_sweep(spec, {**environment, "ARBTUNE_RESULTS_DIR": f"r{number}"}))
        _check(spec, Path(folder) / "r0")
    return _report(configs, plain, sweeps)


def _report(configs: int, plain: list[float], sweeps: list[Sweep]) -> Section:
    alone = statistics.median(plain)
    queued = statistics.median(sweep.seconds for sweep in sweeps)
    table = Table(["", "s", "configs/s", "runs"])
    for name, value, runs in (
        ("two plain processes", alone, plain),
        ("through the queue", queued, [sweep.seconds for sweep in sweeps]),
    ):
        shown = ", ".join(f"{seconds:.1f}" for seconds in runs)
        table.rows.append([name, f"{value:.2f}", f"{configs / value:,.0f}", shown])
    lines = [
        target("queue to plain", alone / queued, 0.7),
        ceiling("peak memory of the client", max(run.client_mb for run in sweeps), 400, "MB"),
        ceiling("peak memory of the server", max(run.server_mb for run in sweeps), 300, "MB"),
    ]
    title = f"A sweep of {configs:,} configs through the queue"
    return Section(title, "sweep", [NOTE, table, "\n".join(lines)])


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _spec(folder: Path, configs: int) -> Path:
    write_parquet(folder / "quotes.parquet", ROWS)
    os.utime(folder / "quotes.parquet", (0, 0))  # long ago: it may be recognised
    spec = {
        "data_file": "quotes.parquet",
        "taker_fee_a_bps": 5,
        "taker_fee_b_bps": 5,
        "slippage_bps": 2,
        "max_position_usd": 1000,
        "grids": [{"name": "min_spread_bps", "start": 3, "stop": 83, "num": configs}],
    }
    path = folder / "spec.json"
    path.write_text(json.dumps(spec), encoding="utf-8")
    return path


@contextmanager
def _queue(root: str) -> Iterator[dict[str, str]]:
    with embedded_server() as url:
        environment = {"ARBTUNE_REDIS_URL": url, "ARBTUNE_DATA_ROOT": root}
        with local_workers(1, environment, concurrency=PROCESSES):
            yield environment


def _plain(spec: Path) -> float:
    started = time.perf_counter()
    processes = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "benchmarks.children.plain_sweep",
                str(spec),
                str(first),
                str(PROCESSES),
            ],
            env={**os.environ, "PYTHONPATH": os.fspath(Path(__file__).parents[2])},
        )
        for first in range(PROCESSES)
    ]
    if any([process.wait() for process in processes]):  # noqa: C419 - all of them are waited for
        raise SystemExit("a plain process failed")
    return time.perf_counter() - started


def _sweep(spec: Path, environment: Mapping[str, str]) -> Sweep:
    command = [sys.executable, "-m", "worker.cli", "sweep", str(spec), "--json"]
    started, client_mb = time.perf_counter(), 0.0
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    client = psutil.Process(process.pid)
    while process.poll() is None:
        client_mb = max(client_mb, peak_mb(client))
        time.sleep(LOOK_EVERY_S)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit("the sweep failed")
    return Sweep(seconds, client_mb, peak_mb(server()))


def _check(spec: Path, results: Path) -> None:
    sweep = SweepSpec.from_file(spec)
    ours = replay_range(sweep, open_data(sweep.data_file), 0, COMPARED)
    kept = pl.scan_parquet(results / "*" / "*.parquet").sort("config_number").head(COMPARED)
    if not kept.collect().equals(ours):
        raise SystemExit("the rows that came through the queue are not those of this process")
