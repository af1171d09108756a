"""The probes, as shell commands, against real workers that are well, frozen, cut off or idle."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from celery import Celery

from tests.conftest import JOB, WorkerProcess, ledger_at, quotes_csv, running_worker, wait_until
from tests.servers import DurableServer, durable_server
from worker.enqueue import send, submission
from worker.ledger import State

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTED = re.findall(
    r"^    (test -n .*)$",
    (ROOT / "docs/operations.md").read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DurableServer]:
    with durable_server("valkey", tmp_path) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "probes"


@pytest.fixture
def worker(server: DurableServer, tmp_path: Path, folder: Path) -> Iterator[WorkerProcess]:
    (tmp_path / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    log = tmp_path / "worker.log"
    with running_worker(server.url, tmp_path, log, probe_dir=str(folder)) as running:
        wait_until(lambda: passes("ready", folder), "the worker is ready")
        yield running


def passes(name: str, folder: Path) -> bool:
    """Whether the documented probe of this file passes."""
    [command] = [command for command in DOCUMENTED if name in command]
    environment = {**os.environ, "ARBTUNE_PROBE_DIR": str(folder)}
    return subprocess.run(["sh", "-c", command], env=environment, check=False).returncode == 0


def grow_old(folder: Path) -> None:
    """As if the worker had touched nothing for an hour."""
    for file in folder.iterdir():
        os.utime(file, (time.time() - 3_600,) * 2)


@pytest.mark.usefixtures("worker")
def test_a_worker_that_is_well_passes_both_again_and_again(folder: Path) -> None:
    for _ in range(2):
        grow_old(folder)
        assert not passes("alive", folder)
        assert not passes("ready", folder)
        wait_until(lambda: passes("alive", folder) and passes("ready", folder), "both pass")


def test_a_frozen_worker_fails_both(
    worker: WorkerProcess, server: DurableServer, folder: Path, tmp_path: Path
) -> None:
    lively = tmp_path / "lively"
    with running_worker(server.url, tmp_path, tmp_path / "lively.log", probe_dir=str(lively)):
        wait_until(lambda: passes("ready", lively), "the other one is ready")
        os.kill(worker.process.pid, signal.SIGSTOP)
        try:
            for probes in (folder, lively):
                grow_old(probes)
            wait_until(lambda: passes("alive", lively) and passes("ready", lively), "it goes on")
            assert not passes("alive", folder)
            assert not passes("ready", folder)
        finally:
            os.kill(worker.process.pid, signal.SIGCONT)
    wait_until(lambda: passes("alive", folder), "it wakes")


@pytest.mark.usefixtures("worker")
def test_without_redis_it_is_alive_and_not_ready_until_redis_is_back(
    server: DurableServer, folder: Path
) -> None:
    server.kill()
    for _ in range(2):  # the first may be the last sign of before
        grow_old(folder)
        wait_until(lambda: passes("alive", folder), "it waits, and is alive", 60)
        assert not passes("ready", folder)
    server.start()
    wait_until(lambda: passes("ready", folder), "it takes jobs again", 60)


def test_alive_but_not_consuming_is_not_alive(
    worker: WorkerProcess, server: DurableServer, folder: Path
) -> None:
    def stalls() -> int:
        return worker.log_text().count('"worker.stalled"')

    control = Celery(broker=server.url).control
    control.cancel_consumer("celery", reply=True, timeout=5)
    ledger = ledger_at(server.url)
    [[job_id]] = list(send(ledger, [submission(JOB)]))
    wait_until(lambda: stalls() == 1, "it is seen to take nothing", 60)
    grow_old(folder)
    wait_until(lambda: stalls() == 2, "it still takes nothing")
    assert not passes("alive", folder)
    assert not passes("ready", folder)
    control.add_consumer("celery", reply=True, timeout=5)

    def has_run() -> bool:
        record = ledger.record(job_id)
        return record is not None and record.state is State.SUCCESS

    wait_until(has_run, "it takes jobs again")
    wait_until(lambda: passes("alive", folder) and passes("ready", folder), "and says so")


@pytest.mark.parametrize("tag", ["sleep:3", "sleep:60"], ids=["in order", "in time"])
def test_a_worker_that_is_told_to_stop_is_not_ready_and_at_its_end_not_alive(
    server: DurableServer, tmp_path: Path, folder: Path, tag: str
) -> None:
    (tmp_path / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    ledger = ledger_at(server.url)

    def runs() -> bool:
        record = ledger.record(job_id)
        return record is not None and record.state is State.RUNNING

    log = tmp_path / "worker.log"
    with running_worker(
        server.url, tmp_path, log, poisonous=True, probe_dir=str(folder), shutdown_s="6"
    ) as worker:
        wait_until(lambda: passes("ready", folder), "the worker is ready")
        [[job_id]] = list(send(ledger, [submission({**JOB, "tag": tag})]))
        wait_until(runs, "the job runs")
        worker.process.terminate()
        wait_until(lambda: "worker.stopping" in worker.log_text(), "it stops")
        wait_until(lambda: not passes("ready", folder), "it is not ready", 2)
        assert passes("alive", folder)
        assert worker.process.wait(30) == 0
    assert list(folder.iterdir()) == []


def test_a_worker_leaves_its_name_and_versions_for_a_while(
    worker: WorkerProcess, server: DurableServer
) -> None:
    from worker.operating.presence import present_workers, program_version

    client = redis.Redis.from_url(server.url)
    [presence] = present_workers(client)
    assert f"/{worker.process.pid}/" in presence.worker
    assert (presence.version, presence.concurrency) == (program_version(), 1)
    keys: list[bytes] = list(client.scan_iter("arbtune:worker*"))
    assert len(keys) == 2
    for key in keys:
        assert 0 < client.ttl(key) <= 60
    client.sadd("arbtune:workers", "one-that-died")
    assert present_workers(client) == [presence]
    assert client.smembers("arbtune:workers") == {presence.worker.encode()}
    worker.process.terminate()
    assert worker.process.wait(30) == 0
    assert not list(client.scan_iter("arbtune:worker*")), "which does not wait for its time"
