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
from worker.ledger.ledger import State
from worker.ledger.names import WORKER_KEY, WORKERS_KEY

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTED = re.findall(
    r"^    (test -n .*)$",
    (ROOT / "docs/operations.md").read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("probed")
    (folder / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[DurableServer]:
    with durable_server("valkey", root) as running:
        yield running


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "probes"


@pytest.fixture(scope="module")
def probed_worker(server: DurableServer, root: Path, folder: Path) -> Iterator[WorkerProcess]:
    """One for all tests: each leaves it well, but for the last, which ends it."""
    log = root / "worker.log"
    with running_worker(server.url, root, log, probe_dir=str(folder)) as running:
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


@pytest.mark.usefixtures("probed_worker")
def test_a_worker_that_is_well_passes_both_again_and_again(folder: Path) -> None:
    for _ in range(2):
        grow_old(folder)
        assert not passes("alive", folder)
        assert not passes("ready", folder)
        wait_until(lambda: passes("alive", folder) and passes("ready", folder), "both pass")


def test_a_frozen_worker_fails_both(
    probed_worker: WorkerProcess, own_redis_url: str, root: Path, folder: Path, tmp_path: Path
) -> None:
    lively = tmp_path / "lively"
    with running_worker(own_redis_url, root, tmp_path / "lively.log", probe_dir=str(lively)):
        wait_until(lambda: passes("ready", lively), "the other one is ready")
        os.kill(probed_worker.process.pid, signal.SIGSTOP)
        try:
            for probes in (folder, lively):
                grow_old(probes)
            wait_until(lambda: passes("alive", lively) and passes("ready", lively), "it goes on")
            assert not passes("alive", folder)
            assert not passes("ready", folder)
        finally:
            os.kill(probed_worker.process.pid, signal.SIGCONT)
    wait_until(lambda: passes("alive", folder), "it wakes")


@pytest.mark.usefixtures("probed_worker")
def test_without_redis_it_is_alive_and_not_ready_until_redis_is_back(
    server: DurableServer, folder: Path
) -> None:
    server.kill()
    for _ in range(2):  # the first may be the last sign of before
        grow_old(folder)
        wait_until(lambda: passes("alive", folder), "it waits, and is alive")
        assert not passes("ready", folder)
    server.start()
    wait_until(lambda: passes("ready", folder), "it takes jobs again")


def test_alive_but_not_consuming_is_not_alive(
    probed_worker: WorkerProcess, server: DurableServer, folder: Path
) -> None:
    def stalls() -> int:
        return probed_worker.log_text().count('"worker.stalled"')

    before = stalls()
    control = Celery(broker=server.url).control
    control.cancel_consumer("celery", reply=True, timeout=PATIENCE_S, limit=1)
    ledger = ledger_at(server.url)
    [[job_id]] = list(send(ledger, [submission(JOB)]))
    wait_until(lambda: stalls() == before + 1, "it is seen to take nothing")
    grow_old(folder)
    wait_until(lambda: stalls() == before + 2, "it still takes nothing")
    assert not passes("alive", folder)
    assert not passes("ready", folder)
    control.add_consumer("celery", reply=True, timeout=PATIENCE_S, limit=1)

    def has_run() -> bool:
        record = ledger.record(job_id)
        return record is not None and record.state is State.SUCCESS

    wait_until(has_run, "it takes jobs again")
    wait_until(lambda: passes("alive", folder) and passes("ready", folder), "and says so")


@pytest.mark.parametrize("ends", [True, False], ids=["in order", "in time"])
def test_a_worker_that_is_told_to_stop_is_not_ready_and_at_its_end_not_alive(
    own_redis_url: str, root: Path, tmp_path: Path, ends: bool
) -> None:
    folder = tmp_path / "probes"
    go_on = tmp_path / "go on"
    ledger = ledger_at(own_redis_url)

    def runs() -> bool:
        record = ledger.record(job_id)
        return record is not None and record.state is State.RUNNING

    log = tmp_path / "worker.log"
    shutdown_s = str(PATIENCE_S if ends else 6)
    with running_worker(
        own_redis_url, root, log, poisonous=True, probe_dir=str(folder), shutdown_s=shutdown_s
    ) as worker:
        wait_until(lambda: passes("ready", folder), "the worker is ready")
        [[job_id]] = list(send(ledger, [submission({**JOB, "tag": f"until:{go_on}"})]))
        wait_until(runs, "the job runs")
        worker.process.terminate()
        wait_until(lambda: "worker.stopping" in worker.log_text(), "it stops")
        wait_until(lambda: not passes("ready", folder), "it is not ready")
        if ends:
            assert passes("alive", folder)
            go_on.touch()
        assert worker.process.wait() == 0
    assert list(folder.iterdir()) == []


def test_a_worker_that_died_is_not_ready_and_leaves_nothing_when_told_to_stop(
    own_redis_url: str, root: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "probes"
    log = tmp_path / "worker.log"
    with running_worker(
        own_redis_url,
        root,
        log,
        poisonous=True,
        probe_dir=str(folder),
        test_restart_pause_s=str(PATIENCE_S),
    ) as worker:
        wait_until(lambda: passes("ready", folder), "the worker is ready")
        redis.Redis.from_url(own_redis_url).lpush("celery", b"fatal")
        wait_until(lambda: "worker.died" in worker.log_text(), "it dies")
        wait_until(lambda: not passes("ready", folder), "it is not ready")
        worker.process.terminate()
        assert worker.process.wait() == 0
        assert worker.log_text().count("worker.ready") == 1, "it was told before it had started"
    assert list(folder.iterdir()) == []


def test_a_worker_leaves_its_name_and_versions_for_a_while(
    probed_worker: WorkerProcess, server: DurableServer
) -> None:
    from worker.operating.signs.presence import present_workers, program_version

    client = redis.Redis.from_url(server.url)
    [presence] = present_workers(client)
    assert f"/{probed_worker.process.pid}/" in presence.worker
    assert (presence.version, presence.concurrency) == (program_version(), 1)
    keys: list[bytes] = list(client.scan_iter("arbtune:worker*"))
    assert len(keys) == 2
    for key in keys:
        assert 0 < client.ttl(key) <= 60
    client.sadd(WORKERS_KEY, "one-that-died")
    for value in ("no JSON", "[]", "{}"):  # of somebody else, or of another version
        client.sadd(WORKERS_KEY, value)
        client.set(WORKER_KEY.format(value), value, ex=60)
    assert present_workers(client) == [presence]
    assert b"one-that-died" not in client.smembers(WORKERS_KEY)
    for value in ("no JSON", "[]", "{}"):
        client.delete(WORKER_KEY.format(value))
    assert present_workers(client) == [presence]
    assert client.smembers(WORKERS_KEY) == {presence.worker.encode()}
    probed_worker.process.terminate()
    assert probed_worker.process.wait() == 0
    assert not list(client.scan_iter("arbtune:worker*")), "which does not wait for its time"
