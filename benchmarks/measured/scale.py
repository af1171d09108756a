"""Part (f): preparation and sweeps from 1 to 100 million rows; too long for the default run."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from arbitrage.caches.cache_folder import cache_folder
from arbitrage.caches.compiled import _place
from benchmarks.data_files import write_csv, write_parquet
from benchmarks.report import Section, Table, ceiling

MILLION = 1_000_000
ROWS = (MILLION, 10 * MILLION, 30 * MILLION, 100 * MILLION)
CSV_ROWS = 10 * MILLION

NOTE = """\
Each figure is of a process of its own. *Prepared*: `open_data` of a file that is in the page cache
and was never seen, kernels loaded. *Swept*: 1,000 thresholds over the prepared file, one thread.
*MB* is the peak of `RssAnon`, looked at every 10 ms: what has to be had. Beside it, in brackets,
stands `VmHWM`, which counts pages of mapped files too: the system may drop these at any time."""


class Run(NamedTuple):
    """What a process took; `figure` is the number of trades of a sweep."""

    seconds: float
    anon_mb: float
    peak_mb: float
    figure: float


def scale(*, quick: bool, rounds: int) -> Section:
    """Measure and report."""
    section = Section("Scale", "scale", [NOTE])
    with tempfile.TemporaryDirectory(prefix="arbtune-bench-") as name:
        folder = Path(name)
        (folder / "cache").mkdir(mode=0o700)
        place = Path(*_place())
        shutil.copytree(cache_folder() / place, folder / "cache" / place)
        section.parts += _parquet(folder, ROWS[:2] if quick else ROWS, rounds)
        section.parts += _csv(folder, MILLION if quick else CSV_ROWS, rounds)
    return section


def _parquet(folder: Path, sizes: tuple[int, ...], rounds: int) -> list[str | Table]:
    table = Table([
        "M rows", "polars s", "prepared s", "to polars", "ns a row", "MB",
        "swept s", "M trades", "ns a trade", "MB of the sweep",
    ])  # fmt: skip
    per_trade, ratio, largest = [], 0.0, 0.0
    for rows in sizes:
        polars, ours, swept = _runs(folder, write_parquet, "quotes.parquet", rows, rounds)
        ratio = ours.seconds / polars.seconds
        largest = max(ours.anon_mb, swept.anon_mb)
        per_trade.append(swept.seconds / swept.figure * 1e9)
        table.rows.append([
            f"{rows // MILLION}", f"{polars.seconds:.2f}", f"{ours.seconds:.2f}", f"{ratio:.2f}",
            f"{ours.seconds / rows * 1e9:.0f}", _memory(ours), f"{swept.seconds:.2f}",
            f"{swept.figure / MILLION:.1f}", f"{per_trade[-1]:.1f}", _memory(swept),
        ])  # fmt: skip
    targets = [
        ceiling("preparing the largest to polars reading it", ratio, 3, "x"),
        ceiling("memory of preparing and sweeping the largest", largest / 1024, 4, "GiB"),
        ceiling("time of a trade, largest to 10 M rows", per_trade[-1] / per_trade[1], 2, "x"),
    ]
    return ["### Parquet, timestamps as text", table, "\n".join(targets)]


def _csv(folder: Path, rows: int, rounds: int) -> list[str | Table]:
    polars, ours, _ = _runs(folder, write_csv, "quotes.csv", rows, rounds)
    table = Table(["", "s", "MB"])
    table.rows += [["polars.read_csv", f"{polars.seconds:.2f}", _memory(polars)]]
    table.rows += [["prepared", f"{ours.seconds:.2f}", _memory(ours)]]
    ratio = ours.seconds / polars.seconds
    targets = [
        ceiling("preparing to polars reading", ratio, 2.5, "x"),
        ceiling("memory of preparing", ours.anon_mb / 1024, 1.5, "GiB"),
    ]
    return [f"### A CSV of {rows:,} rows", table, "\n".join(targets)]


def _memory(run: Run) -> str:
    return f"{run.anon_mb:,.0f} ({run.peak_mb:,.0f})"


def _runs(
    folder: Path, write: Callable[[Path, int], Path], name: str, rows: int, rounds: int
) -> tuple[Run, Run, Run]:
    """The medians of polars, of preparing, and of a sweep, over one file, by turns."""
    path = write(folder / name, rows)
    os.utime(path, (0, 0))  # long ago: it may be recognised
    runs: dict[str, list[Run]] = {"polars": [], "prepare": [], "sweep": []}
    for _ in range(rounds):
        shutil.rmtree(folder / "cache" / "data", ignore_errors=True)
        for what, found in runs.items():
            found.append(_in_a_process(folder, what, path))
    path.unlink()
    polars, ours, swept = (_median(found) for found in runs.values())
    return polars, ours, swept


def _median(runs: list[Run]) -> Run:
    return Run(*(statistics.median(values) for values in zip(*runs, strict=True)))


def _in_a_process(folder: Path, what: str, path: Path) -> Run:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.children.scale_child", what, str(path)],
        env={**os.environ, "ARBTUNE_CACHE_DIR": str(folder / "cache")},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return Run(**found)
