"""Part (e): the time from a cold file to an answer, beside the shortest honest script."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from arbitrage.caches.cache_folder import cache_folder
from arbitrage.caches.compiled import _place
from benchmarks.data_files import write_csv
from benchmarks.report import Section, Table, target

SCRIPT = Path(__file__).parents[1] / "peers" / "shortest_script.py"
START_BPS, STOP_BPS = 15.0, 95.0
CONFIG = {
    "taker_fee_a_bps": 5.0,
    "taker_fee_b_bps": 5.0,
    "slippage_bps": 2.0,
    "max_position_usd": 1_000.0,
}

NOTE = """\
Whole processes, from their start to their end. No prepared file is in the cache; the kernels are,
as `make setup` leaves them, while the script compiles its one loop. The script is
`benchmarks/peers/shortest_script.py`: polars reads the file, a compiled loop runs every config, the
ten best are printed. Thresholds from 15 to 95 bps above cost, one slot. Both name the same best
config with the same net profit."""

ARBTUNE = [sys.executable, "-m", "worker.cli"]

Answer = tuple[float, float]
"""The best threshold and its net profit."""

Timed = tuple[Answer, float]
"""An answer, and the seconds that the process took."""


def answer(*, quick: bool, rounds: int) -> Section:
    """Measure and report."""
    rows, configs = (1_000_000, 200) if quick else (10_000_000, 10_000)
    section = Section(f"Time to an answer, a CSV of {rows:,} rows", "answer", [NOTE])
    with tempfile.TemporaryDirectory(prefix="arbtune-bench-") as name:
        path = write_csv(Path(name) / "quotes.csv", rows)
        # The script takes minutes for the sweep: once.
        section.parts += _compared(f"{configs:,} configs", path, configs, 1, 20)
        section.parts += _compared("one config", path, 1, rounds, 0.8)
    return section


def _compared(
    title: str, path: Path, configs: int, rounds: int, wanted: float
) -> list[str | Table]:
    ways: dict[str, Callable[[], Timed]] = {
        "the shortest script": lambda: _by_script(path, configs),
        "arbtune": lambda: _by_arbtune(path, configs),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        answers = set()
        for name, run in ways.items():
            found_by_it, took = run()
            answers.add(found_by_it)
            seconds[name].append(took)
        if len(answers) > 1:
            raise SystemExit(f"the answers differ: {answers}")
    table = Table(["", "s"])
    found = {name: statistics.median(values) for name, values in seconds.items()}
    table.rows += [[name, f"{value:.2f}"] for name, value in found.items()]
    script, ours = found.values()
    return [f"### {title}", table, target("the script to arbtune", script / ours, wanted)]


def _by_script(path: Path, configs: int) -> Timed:
    grid = [str(START_BPS), str(STOP_BPS), str(configs)]
    lines, took = _printed([sys.executable, str(SCRIPT), str(path), *grid], path.parent)
    best_bps, net_usd = lines.splitlines()[0].split()
    return (float(best_bps), float(net_usd)), took


def _by_arbtune(path: Path, configs: int) -> Timed:
    with tempfile.TemporaryDirectory(dir=path.parent) as empty:
        place = Path(*_place())
        shutil.copytree(cache_folder() / place, Path(empty) / "cache" / place)
        if configs == 1:
            flags = {"data_file": path.name, "min_spread_bps": START_BPS, **CONFIG}
            words = [f"--{name.replace('_', '-')}={value}" for name, value in flags.items()]
            text, took = _printed([*ARBTUNE, "run", *words], path.parent, empty)
            return (START_BPS, json.loads(text)["metrics"]["net_pnl_usd"]), took
        grid = {"name": "min_spread_bps", "start": START_BPS, "stop": STOP_BPS, "num": configs}
        spec = Path(empty) / "sweep.json"
        spec.write_text(json.dumps({"data_file": path.name, **CONFIG, "grids": [grid]}))
        command = [*ARBTUNE, "sweep", str(spec), "--local", "--json"]
        text, took = _printed(command, path.parent, empty)
        best = json.loads(text)["best"]
        return (best["config"]["min_spread_bps"], best["metrics"]["net_pnl_usd"]), took


def _printed(command: Sequence[str], folder: Path, caches: str = "") -> tuple[str, float]:
    """What a command prints that runs in a folder and keeps what it keeps in another; its time."""
    kept = {"ARBTUNE_CACHE_DIR": f"{caches}/cache", "ARBTUNE_RESULTS_DIR": f"{caches}/results"}
    started = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **kept, "ARBTUNE_DATA_ROOT": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        text=True,
    )
    return done.stdout, time.perf_counter() - started
