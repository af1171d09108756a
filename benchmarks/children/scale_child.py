"""One thing done to one file in a process of its own, and what that took, as JSON.

python -m benchmarks.children.scale_child polars|prepare|sweep FILE
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

_LOOK_EVERY_S = 0.01
THRESHOLDS = np.linspace(10.0, 60.0, 1_000)  # bps


def _polars(path: Path) -> Callable[[], float]:
    import polars as pl

    read = pl.read_csv if path.suffix == ".csv" else pl.read_parquet
    return lambda: float(read(path).height)


def _prepare(path: Path) -> Callable[[], float]:
    from arbitrage.replay.many_configs import open_data, warm_up

    warm_up()
    return lambda: float(open_data(path).rows)


def _sweep(path: Path) -> Callable[[], float]:
    from arbitrage.replay.kernel_calls import replay_all
    from arbitrage.replay.kernels.layout import Parameters
    from arbitrage.replay.many_configs import open_data, warm_up

    warm_up()
    windows = open_data(path).windows
    each = np.ones(len(THRESHOLDS))
    parameters = Parameters(
        threshold=THRESHOLDS,
        cost=5.0 * each,
        notional=1_000.0 * each,
        slots=np.ones(len(THRESHOLDS), np.int64),
        balance=10_000.0 * each,
        stop=100.0 * each,
    )
    return lambda: float(replay_all(windows, parameters).opened.sum())


def main() -> None:
    """Do it, and print what it took."""
    what, path = sys.argv[1], Path(sys.argv[2])
    run = {"polars": _polars, "prepare": _prepare, "sweep": _sweep}[what](path)
    anon, is_over = [0.0], threading.Event()

    def look() -> None:
        while not is_over.wait(_LOOK_EVERY_S):
            anon[0] = max(anon[0], _megabytes("RssAnon"))

    watch = threading.Thread(target=look)
    watch.start()
    started = time.perf_counter()
    figure = run()
    seconds = time.perf_counter() - started
    is_over.set()
    watch.join()
    found = {"seconds": seconds, "anon_mb": max(anon[0], _megabytes("RssAnon"))}
    print(json.dumps({**found, "peak_mb": _megabytes("VmHWM"), "figure": figure}))


def _megabytes(name: str) -> float:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1_024 if found else 0.0


if __name__ == "__main__":
    main()
