"""Part (c): one-config jobs through a worker of two processes, and enqueueing them.

All contestants run the same runner on the same file of 100 rows, on the same server, by turns.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import redis

from benchmarks.peers.bare_app import app as bare_app
from benchmarks.processes import running
from benchmarks.report import Section, Table, target
from worker.client.embedded import embedded_server
from worker.client.jobs.sending import send, submission
from worker.ledger.ledger import Ledger

ROWS = 100
DEADLINE_S = 120

Job = dict[str, Any]

NOTE = """\
Jobs a second between the first tenth, when the workers are warm, and the last result. Each has two
processes and keeps its results. RQ runs its jobs in the worker's own process (`SimpleWorker`), not
in a fork a job, which is its quickest way; Dramatiq runs one thread a process. None of the peers
has a ledger: none promises one outcome when a worker or the server dies."""


class Peer(NamedTuple):
    """How a queue is filled, what works it off, and where its results are counted."""

    send: Callable[[Job, int], None]
    commands: list[list[str]]
    environment: dict[str, str]
    results: Callable[[], int]


def queue_rate(*, quick: bool, rounds: int) -> Section:
    """Measure and report."""
    jobs, bulk = (300, 10_000) if quick else (1_000, 100_000)
    with embedded_server() as url, tempfile.TemporaryDirectory() as folder:
        job = _job(Path(folder))
        peers = _peers(redis.Redis.from_url(url), url, folder)
        rates: dict[str, list[float]] = {name: [] for name in peers}
        for _ in range(rounds):
            for name, peer in peers.items():
                redis.Redis.from_url(url).flushdb()
                rates[name].append(_rate(peer, job, jobs))
        enqueued = _enqueue_rates(redis.Redis.from_url(url), job, bulk, rounds)
    return Section(
        "One-config jobs",
        "queue",
        [
            NOTE,
            *_jobs_table(rates, jobs),
            f"### Enqueueing {bulk:,} jobs",
            *_enqueue_table(enqueued),
        ],
    )


def _jobs_table(rates: dict[str, list[float]], jobs: int) -> list[str | Table]:
    medians = {name: statistics.median(values) for name, values in rates.items()}
    bare = medians["bare Celery"]
    table = Table([f"{jobs:,} jobs", "jobs/s", "to bare Celery", "runs"])
    for name, values in rates.items():
        shown = ", ".join(f"{value:.0f}" for value in values)
        table.rows.append([name, f"{medians[name]:,.0f}", f"{medians[name] / bare:.2f}", shown])
    return [table, target("arbtune to bare Celery", medians["arbtune"] / bare, 0.85)]


def _enqueue_table(rates: dict[str, float]) -> list[str | Table]:
    table = Table(["", "jobs/s"], [[name, f"{rate:,.0f}"] for name, rate in rates.items()])
    ratio = rates["enqueue_many"] / rates["delay()"]
    note = "`delay()` is timed over a fiftieth of them. `enqueue_many` checks each config first."
    return [note, table, target("bulk enqueue to delay()", ratio, 8)]


# -- the contestants


def _peers(server: redis.Redis, url: str, root: str) -> dict[str, Peer]:
    ledger = Ledger(server, result_ttl_s=3_600, lease_s=15)
    ours = {"ARBTUNE_REDIS_URL": url, "ARBTUNE_DATA_ROOT": root, "POLARS_MAX_THREADS": "1"}
    theirs = {"BARE_REDIS_URL": url, "PEER_REDIS_URL": url, "POLARS_MAX_THREADS": "1"}
    bare_app.conf.update(broker_url=url, result_backend=url, task_ignore_result=False)
    celery = [
        "-m",
        "celery",
        "-A",
        "benchmarks.peers.bare_app",
        "worker",
        "-c",
        "2",
        "-l",
        "WARNING",
    ]
    worker = ["-m", "worker.cli", "worker", "--concurrency", "2"]
    stored = _counter(server, "celery-task-meta-*")
    peers = {
        "bare Celery": Peer(_send_bare, [celery], theirs, stored),
        "arbtune": Peer(lambda job, count: _send_ours(ledger, job, count), [worker], ours, stored),
    }
    if find_spec("rq") is not None:
        options = ["--url", url, "--worker-class", "rq.worker.SimpleWorker", "--quiet"]
        rq = ["-m", "rq.cli", "worker", *options]
        done = _finished_by_rq(server)
        peers["RQ"] = Peer(lambda job, count: _send_rq(server, job, count), [rq, rq], theirs, done)
    if find_spec("dramatiq") is not None:
        dramatiq = ["-m", "dramatiq", "benchmarks.peers.dramatiq_tasks", "-p", "2", "-t", "1"]
        kept = _counter(server, "?" * 32)  # a hash each, the message's
        peers["Dramatiq"] = Peer(
            lambda job, count: _send_dramatiq(url, job, count), [dramatiq], theirs, kept
        )
    return peers


def _send_bare(job: Job, count: int) -> None:
    for _ in range(count):
        bare_app.send_task("bare.run", args=[job], ignore_result=False)


def _send_ours(ledger: Ledger, job: Job, count: int) -> None:
    for _ in send(ledger, (submission(job) for _ in range(count))):
        pass


def _send_rq(server: redis.Redis, job: Job, count: int) -> None:
    from rq import Queue

    queue = Queue(connection=server)
    for _ in range(count):
        queue.enqueue("benchmarks.peers.rq_tasks.run", job)


def _send_dramatiq(url: str, job: Job, count: int) -> None:
    import os

    os.environ["PEER_REDIS_URL"] = url
    from benchmarks.peers.dramatiq_tasks import run

    for _ in range(count):
        run.send(job)


def _counter(server: redis.Redis, keys: str) -> Callable[[], int]:
    return lambda: sum(1 for _ in server.scan_iter(keys, count=10_000))


def _finished_by_rq(server: redis.Redis) -> Callable[[], int]:
    return lambda: int(server.zcard("rq:finished:default"))


# -- the clock


def _rate(peer: Peer, job: Job, count: int) -> float:
    peer.send(job, count)
    with ExitStack() as stack:
        for command in peer.commands:
            stack.enter_context(running([sys.executable, *command], peer.environment))
        warm = _wait(peer.results, count // 10)
        end = _wait(peer.results, count)
    return (end[1] - warm[1]) / (end[0] - warm[0])


def _wait(done: Callable[[], int], count: int) -> tuple[float, int]:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if (found := done()) >= count:
            return time.monotonic(), found
        time.sleep(0.1)
    raise SystemExit(f"only {done()} of {count} jobs ended within {DEADLINE_S} s")


def _enqueue_rates(server: redis.Redis, job: Job, count: int, rounds: int) -> dict[str, float]:
    ledger = Ledger(server, result_ttl_s=3_600, lease_s=15)
    delayed = count // 50
    seconds: dict[str, list[float]] = {"delay()": [], "enqueue_many": []}
    for _ in range(rounds):
        server.flushdb()
        seconds["delay()"].append(_timed(lambda: _delay(job, delayed)) / delayed)
        server.flushdb()
        seconds["enqueue_many"].append(_timed(lambda: _send_ours(ledger, job, count)) / count)
    return {name: 1 / statistics.median(values) for name, values in seconds.items()}


def _delay(job: Job, count: int) -> None:
    from benchmarks.peers.bare_app import run

    for _ in range(count):
        run.delay(job)


def _timed(run: Callable[[], None]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _job(folder: Path) -> Job:
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
