"""One-config jobs a second through a worker of two processes, against a bare Celery app.

Both run the same runner on the same file of 100 rows, on the same server, by turns:

    python -m benchmarks.queue_rate [--jobs 2000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from benchmarks.bare_app import app as bare_app
from worker.embedded import embedded_server
from worker.enqueue import send, submission
from worker.ledger import Ledger

ROWS = 100


def main() -> None:
    """Measure and print one line per contestant and the ratio of the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with embedded_server() as url, tempfile.TemporaryDirectory() as folder:
        job = _job(Path(folder))
        rates: dict[str, list[float]] = {"arbtune": [], "bare celery": []}
        for _ in range(arguments.rounds):
            rates["bare celery"].append(_bare_rate(url, job, arguments.jobs))
            rates["arbtune"].append(_arbtune_rate(url, job, arguments.jobs, Path(folder)))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    for name, values in rates.items():
        print(f"{name:12} {medians[name]:8.0f} jobs/s   {[round(value) for value in values]}")
    print(f"{'ratio':12} {medians['arbtune'] / medians['bare celery']:8.2f}")


def _job(folder: Path) -> dict[str, object]:
    path = folder / "quotes.csv"
    rows = [
        f"2024-01-01T00:{second // 60:02d}:{second % 60:02d}Z,99.99,100.01,100.4,100.42"
        for second in range(ROWS)
    ]
    header = "timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return {
        "data_file": str(path),
        "min_spread_bps": 20.0,
        "taker_fee_a_bps": 5.0,
        "taker_fee_b_bps": 5.0,
        "slippage_bps": 2.0,
        "max_position_usd": 1000.0,
    }


def _bare_rate(url: str, job: dict[str, object], count: int) -> float:
    server = redis.Redis.from_url(url)
    server.flushdb()
    bare_app.conf.update(broker_url=url, result_backend=url, task_ignore_result=False)
    for _ in range(count):
        bare_app.send_task("bare.run", args=[job], ignore_result=False)
    command = ["celery", "-A", "benchmarks.bare_app", "worker", "-c", "2", "-l", "WARNING"]
    with _running([sys.executable, "-m", *command], {"BARE_REDIS_URL": url}):
        return _rate(lambda: _stored_results(server), count)


def _arbtune_rate(url: str, job: dict[str, object], count: int, root: Path) -> float:
    server = redis.Redis.from_url(url)
    server.flushdb()
    ledger = Ledger(server, result_ttl_s=3600, lease_s=15)
    for _ in send(ledger, (submission(job) for _ in range(count))):
        pass
    environment = {"ARBTUNE_REDIS_URL": url, "ARBTUNE_DATA_ROOT": str(root)}
    with _running(
        [sys.executable, "-m", "worker.cli", "worker", "--concurrency", "2"], environment
    ):
        return _rate(lambda: _stored_results(server), count)


def _stored_results(server: redis.Redis) -> int:
    return sum(1 for _ in server.scan_iter("celery-task-meta-*", count=10_000))


def _rate(done: Callable[[], int], count: int) -> float:
    """Jobs a second between the first tenth, when the workers are warm, and the last job."""
    warm = _wait(done, count // 10)
    end = _wait(done, count)
    return (end[1] - warm[1]) / (end[0] - warm[0])


def _wait(done: Callable[[], int], count: int) -> tuple[float, int]:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if (found := done()) >= count:
            return time.monotonic(), found
        time.sleep(0.1)
    raise SystemExit(f"only {done()} of {count} jobs ended within 300 s")


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment, "POLARS_MAX_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


if __name__ == "__main__":
    main()
