"""Part (d): reading a CSV, opening a prepared file, and what a worker process holds."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import polars as pl

from arbitrage.caches.cache_folder import cache_folder
from arbitrage.data.snapshot_table import load_snapshots
from arbitrage.replay.many_configs import open_data
from benchmarks.data_files import write_csv, write_parquet
from benchmarks.processes import pool_children, private_mb
from benchmarks.report import Section, Table, ceiling
from benchmarks.timing import Contestants, medians
from worker.client.embedded import embedded_server, local_workers
from worker.enqueue import enqueue_many
from worker.ledger.connection import open_ledger
from worker.settings import Settings

CSV_ROWS = 1_000_000
JOBS = 20

COLD = """\
Raw polars reads. `load_snapshots` reads, checks every cell and hashes, with nothing cached but the
pages of the file. The tables are equal."""


def loading(*, quick: bool, rounds: int) -> Section:
    """Measure and report."""
    rows = 1_000_000 if quick else 10_000_000
    section = Section("Loading and memory", "loading")
    with tempfile.TemporaryDirectory(prefix="arbtune-bench-") as folder:
        section.parts += _cold(Path(folder), rounds)
        with _cache_of_its_own(Path(folder)):
            section.parts += _prepared(Path(folder), rows, rounds)
    return section


def _cold(folder: Path, rounds: int) -> list[str | Table]:
    path = write_csv(folder / "quotes.csv", CSV_ROWS)
    raw, ours = pl.read_csv(path), load_snapshots(path).frame
    if not raw.equals(ours):
        raise SystemExit("load_snapshots reads another table than polars")
    runs: Contestants = {
        "polars.read_csv": partial(pl.read_csv, path),
        "load": partial(load_snapshots, path),
    }
    seconds = medians(runs, rounds, turn=3, settle=1)
    megabytes = path.stat().st_size / 1e6
    table = Table(["", "ms", "MB/s"])
    for name, value in seconds.items():
        table.rows.append([name, f"{value * 1e3:,.1f}", f"{megabytes / value:,.0f}"])
    ratio = seconds["polars.read_csv"] / seconds["load"]
    return [
        f"### A CSV of {CSV_ROWS:,} rows, {megabytes:.0f} MB, its timestamps text",
        COLD,
        table,
        f"- loading to raw polars: **{ratio:.4g} x**; what counts is the time to an answer, below",
    ]


@contextmanager
def _cache_of_its_own(folder: Path) -> Iterator[None]:
    """A cache folder for prepared files that goes with the run; kernels are taken along."""
    kernels, before = cache_folder() / "kernels", dict(os.environ)
    (folder / "cache").mkdir(mode=0o700)
    shutil.copytree(kernels, folder / "cache" / "kernels")
    os.environ["ARBTUNE_CACHE_DIR"] = str(folder / "cache")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _prepared(folder: Path, rows: int, rounds: int) -> list[str | Table]:
    path = write_parquet(folder / "quotes.parquet", rows)
    os.utime(path, (0, 0))  # long ago: it may be recognised
    open_data(path)
    opened = medians({"open": partial(open_data, path)}, 10 * rounds)["open"] * 1e3
    idle, busy = _held_by_a_child(path)
    note = (
        f"`open_data` of a file that this machine has prepared: {opened:.2f} ms. A process of a\n"
        f"worker's pool holds {idle:.0f} MB of its own after two jobs, {busy:.0f} MB after {JOBS}\n"
        "more over this file (Private_Dirty of smaps_rollup, the larger of two)."
    )
    return [
        f"### A prepared file of {rows:,} rows",
        note,
        "\n".join(
            [
                ceiling("opening a prepared file", opened, 10, "ms"),
                ceiling("private memory of a worker process", busy, 80, "MB"),
            ]
        ),
    ]


def _held_by_a_child(path: Path) -> tuple[float, float]:
    with embedded_server() as url:
        environment = {"ARBTUNE_REDIS_URL": url, "ARBTUNE_DATA_ROOT": str(path.parent)}
        os.environ.update(environment)
        with local_workers(1, environment, concurrency=2):
            _run_jobs(path, 2)
            idle = max(map(private_mb, pool_children()))
            _run_jobs(path, JOBS)
            return idle, max(map(private_mb, pool_children()))


def _run_jobs(path: Path, count: int) -> None:
    jobs = [
        {
            "data_file": path.name,
            "min_spread_bps": 3.0 + number,
            "taker_fee_a_bps": 5.0,
            "taker_fee_b_bps": 5.0,
            "slippage_bps": 2.0,
            "max_position_usd": 1000.0,
        }
        for number in range(count)
    ]
    ids = enqueue_many(jobs)
    ledger = open_ledger(Settings.from_environment())
    while None in ledger.results(ids):
        time.sleep(0.1)
