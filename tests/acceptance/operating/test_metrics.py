"""Metrics as Prometheus reads them, of several workers on one host."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
import redis
from celery import Celery
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import (
    JOB,
    PATIENCE_S,
    WorkerProcess,
    ledger_at,
    quotes_csv,
    running_worker,
    wait_until,
)
from tests.helpers.servers.durable import DurableServer, durable_server
from worker.client.jobs.sending import send, submission
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.envelope import JOBS
from worker.ledger.ledger import State

Figures = dict[str, float]

SCRAPE_TIMEOUT_S = 10.0  # of Prometheus, unless it is told otherwise


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DurableServer]:
    with durable_server("valkey", tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[DurableServer]:
    with durable_server("valkey", tmp_path) as running:
        yield running


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture
def own_port() -> int:
    """Not the port of the workers of this module, which may run still."""
    return free_port()


@pytest.fixture(scope="module")
def metrics_workers(
    server: DurableServer, port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[WorkerProcess]]:
    """Two workers of two processes each on one port, for all tests: the later ones end them."""
    root = tmp_path_factory.mktemp("workers")
    (root / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                running_worker(
                    server.url,
                    root,
                    root / f"worker-{number}.log",
                    concurrency=2,
                    metrics_port=str(port),
                )
            )
            for number in range(2)
        ]


def figures(port: int) -> Figures:
    """All samples of a scrape by name and label values; nothing while nobody serves."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
            text = page.read().decode()
    except OSError:
        return {}
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def exporters(workers: list[WorkerProcess]) -> list[psutil.Process]:
    return [
        child
        for worker in workers
        if worker.process.poll() is None
        for child in psutil.Process(worker.process.pid).children()
        if "metrics" in child.cmdline()
    ]


def test_outcomes_are_exact_over_all_processes_of_all_workers(
    metrics_workers: list[WorkerProcess], server: DurableServer, port: int
) -> None:
    ledger = ledger_at(server.url)
    jobs = [submission({**JOB, "min_spread_bps": float(bps)}) for bps in range(40)]
    bad = [submission({**JOB, "data_file": "nope.csv"}) for _ in range(3)]
    list(send(ledger, [*jobs, *bad]))
    foreign = Celery(broker=server.url, backend=server.url)
    foreign.send_task("worker.tasks.run_tuning_job", args=[JOB]).get(timeout=PATIENCE_S)
    ends = (State.SUCCESS, State.ERROR)
    wait_until(lambda: sum(ledger.counts()[state] for state in ends) == 44, "all have ended")
    wait_until(lambda: figures(port).get("arbtune_job_outcomes_total success") == 41, "the sum")
    found = figures(port)
    assert found["arbtune_job_outcomes_total error"] == 3
    assert found["arbtune_job_outcomes_total cancelled"] == 0
    assert found["arbtune_job_starts_total"] == 44
    assert found["arbtune_configs_total"] == 41
    assert found["arbtune_job_run_seconds_count"] == 44
    assert found["arbtune_job_run_seconds_bucket +Inf"] == 44
    assert 0 < found["arbtune_job_run_seconds_sum"] < 44 * 30
    assert found["arbtune_jobs_waiting"] == found["arbtune_jobs_running"] == 0
    assert found["arbtune_queue_messages celery"] == 0
    assert found["arbtune_oldest_waiting_seconds"] == 0
    assert found["arbtune_redis_up"] == 1
    wait_until(lambda: figures(port)["arbtune_workers"] == 2, "both have announced themselves")
    assert len(exporters(metrics_workers)) == 2


def test_when_the_worker_that_serves_dies_another_serves(
    metrics_workers: list[WorkerProcess], port: int
) -> None:
    wait_until(lambda: figures(port), "one serves")
    [serving] = [
        process
        for process in exporters(metrics_workers)
        if any(one.laddr.port == port for one in process.net_connections())
    ]
    doomed = next(w for w in metrics_workers if w.process.pid == serving.ppid())
    os.killpg(doomed.process.pid, signal.SIGKILL)
    doomed.process.wait()
    wait_until(lambda: not serving.is_running(), "its exporter ends with it")
    wait_until(lambda: figures(port), "the other one's serves")


def test_a_worker_that_stops_leaves_no_process(metrics_workers: list[WorkerProcess]) -> None:
    served = exporters(metrics_workers)
    assert served
    for worker in metrics_workers:
        if worker.process.poll() is None:
            worker.process.send_signal(signal.SIGTERM)
            assert worker.process.wait() == 0
    assert psutil.wait_procs(served, timeout=PATIENCE_S)[1] == []


def test_a_server_of_metrics_alone_shows_what_waits_and_what_came_back(
    own_server: DurableServer, own_port: int
) -> None:
    ledger = ledger_at(own_server.url)
    jobs = [submission(JOB, f"job-{number}") for number in range(3)]
    list(send(ledger, jobs))
    client = redis.Redis.from_url(own_server.url)
    client.lpush("celery\x06\x163", "of a client with priorities")
    start = ledger.start("job-0", "w", jobs[0].config, JOBS)
    assert start is not None
    ledger.cancel("job-2", cancelled_meta("job-2"))
    ledger.make_due(["job-1"])
    environment = {
        **os.environ,
        "ARBTUNE_REDIS_URL": own_server.url,
        "ARBTUNE_METRICS_PORT": str(own_port),
    }
    command = [sys.executable, "-m", "worker.cli", "metrics"]
    with subprocess.Popen(command, env=environment) as process:
        try:
            wait_until(lambda: figures(own_port), "it serves")
            found = figures(own_port)
            assert found["arbtune_queue_messages celery"] == 4
            assert found["arbtune_jobs_waiting"] == found["arbtune_jobs_running"] == 1
            assert found["arbtune_oldest_waiting_seconds"] > 0
            assert found["arbtune_job_outcomes_total cancelled"] == 1
            assert found["arbtune_jobs_reconciled_total message_lost"] == 1
            assert found["arbtune_dead_letters"] == 0
            second = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False
            )
            assert second.returncode == 1
            assert second.stderr.startswith(f"arbtune: cannot serve metrics: 127.0.0.1:{own_port}")
            own_server.signal(signal.SIGSTOP)
            began = time.monotonic()
            assert figures(own_port) == {"arbtune_redis_up": 0}
            assert time.monotonic() - began < SCRAPE_TIMEOUT_S
            own_server.kill()
            assert figures(own_port) == {"arbtune_redis_up": 0}
            own_server.start()
            assert figures(own_port)["arbtune_redis_up"] == 1
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
