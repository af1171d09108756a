"""Workers whose server is there and does not serve: it refuses writes, is full, or falls silent."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from tests.conftest import JOB, WorkerProcess, ledger_at, quotes_csv, running_worker, wait_until
from tests.helpers.servers.durable import DurableServer, durable_server
from tests.helpers.servers.proxy import Proxy
from worker.client.jobs.sending import send, submission
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.envelope import CHUNKS
from worker.ledger.ledger import JobRecord, Ledger, State
from worker.ledger.patience import REPLY_TIMEOUT_S
from worker.operating.signs.presence import present_workers

LEASE_S = 6.0
GIVEN_UP_S = 0.8 * REPLY_TIMEOUT_S  # a lease on most machines, and before anybody else gives up


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("outage")
    (root / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[DurableServer]:
    with durable_server("valkey", folder) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(server: DurableServer) -> Iterator[Proxy]:
    with Proxy.before(server.url) as running:
        yield running


@pytest.fixture(scope="module")
def outage_worker(proxy: Proxy, folder: Path) -> Iterator[WorkerProcess]:
    """A worker of two processes behind the proxy; each test leaves it well."""
    with running_worker(
        proxy.url,
        folder,
        folder / "log",
        concurrency=2,
        poisonous=True,
        lease_s=str(LEASE_S),
        probe_dir=str(folder / "probes"),
    ) as running:
        yield running


def enqueue(ledger: Ledger, tag: str) -> str:
    [[job_id]] = list(send(ledger, [submission({**JOB, "tag": tag})]))
    return job_id


def record_of(ledger: Ledger, job_id: str) -> JobRecord:
    record = ledger.record(job_id)
    assert record is not None
    return record


def wait_until_touched(file: Path) -> None:
    """Touched anew, and that twice: the first may be the last of before."""
    for _ in range(2):
        os.utime(file, (0, 0))
        wait_until(lambda: file.stat().st_mtime != 0, f"{file.name} is touched")


@contextmanager
def replica(url: str) -> Iterator[None]:
    """As after a failover: this server is the wrong one."""
    client = redis.Redis.from_url(url)
    client.replicaof("127.0.0.1", "1")
    try:
        yield
    finally:
        client.replicaof("NO", "ONE")


@contextmanager
def no_replicas(url: str) -> Iterator[None]:
    """It may write only what replicas have, and has none."""
    client = redis.Redis.from_url(url)
    client.config_set("min-replicas-to-write", 1)
    try:
        yield
    finally:
        client.config_set("min-replicas-to-write", 0)


@contextmanager
def busy(url: str) -> Iterator[None]:
    """A script runs on, in a tenth of the time: it would take a core from the other tests."""
    client = redis.Redis.from_url(url)
    client.config_set("busy-reply-threshold", 100)
    process, is_over = client.info("server")["process_id"], threading.Event()

    def loop() -> None:
        with suppress(redis.RedisError):  # its end
            redis.Redis.from_url(url).eval("while true do end", 0)

    def hold_up() -> None:
        while not is_over.wait(0.01):
            os.kill(process, signal.SIGSTOP)
            is_over.wait(0.09)
            os.kill(process, signal.SIGCONT)

    threads = [threading.Thread(target=run) for run in (loop, hold_up)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        wait_until(lambda: is_killed(client), "the script is ended")
        is_over.set()
        for thread in threads:
            thread.join()


def is_killed(client: redis.Redis) -> bool:
    try:
        return bool(client.script_kill())
    except redis.RedisError:  # not within its threshold
        return False


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [(replica, "read only replica"), (no_replicas, "NOREPLICAS"), (busy, "BUSY")],
)
def test_a_server_that_refuses_is_away_and_an_outcome_is_held_until_it_is_back(
    refusal: Any,
    sentence: str,
    outage_worker: WorkerProcess,
    server: DurableServer,
    folder: Path,
    tmp_path: Path,
) -> None:
    ledger = ledger_at(server.url)
    interrupted = enqueue(ledger, "until:/nowhere/at all")
    wait_until(lambda: record_of(ledger, interrupted).state is State.RUNNING, "it runs")
    go_on = tmp_path / "go on"
    reached = enqueue(ledger, f"until:{go_on}")
    wait_until(lambda: record_of(ledger, reached).started_at, "the other has started")
    lines = len(outage_worker.log_text().splitlines())
    before = {name: len(outage_worker.events(name)) for name in ("redis.away", "redis.back")}
    with refusal(server.url):
        go_on.touch()
        wait_until(lambda: "leases.given_up" in tail(outage_worker, lines), "its leases end")
        wait_until_touched(folder / "probes" / "alive")  # no restart would mend it
        os.utime(folder / "probes" / "ready", (0, 0))
        wait_until_touched(folder / "probes" / "alive")
        assert (folder / "probes" / "ready").stat().st_mtime == 0
    wait_until(lambda: "job.returned" in tail(outage_worker, lines), "it gives back the other")
    wait_until(lambda: has_succeeded(ledger, reached), "what was held is written")
    wait_until(lambda: record_of(ledger, interrupted).state is State.RUNNING, "the other runs anew")
    ledger.cancel(interrupted, cancelled_meta(interrupted))
    wait_until(lambda: "job.stopped" in tail(outage_worker, lines), "its child is ended")
    for job_id in (reached, interrupted):
        record = record_of(ledger, job_id)
        assert (record.attempts, record.history) == (1, ()), "no death is counted"
    assert starts_of(server, reached) == 1
    [away] = outage_worker.events("redis.away")[before["redis.away"] :]
    assert sentence in away["error"]
    assert len(outage_worker.events("redis.back")) == before["redis.back"] + 1
    assert len(outage_worker.log_text().splitlines()) - lines < 25
    assert not outage_worker.events("job.lapsed")


def test_a_worker_that_stops_in_an_outage_records_what_it_holds_once_it_can(
    own_redis_url: str, folder: Path, tmp_path: Path
) -> None:
    url, ledger = own_redis_url, ledger_at(own_redis_url)
    with running_worker(url, folder, tmp_path / "log", poisonous=True, lease_s="100") as worker:
        job_id = enqueue(ledger, "until:/nowhere/at all")
        wait_until(lambda: record_of(ledger, job_id).state is State.RUNNING, "it runs")
        with replica(url):
            for child in worker.children():
                os.kill(child, signal.SIGKILL)
            wait_until(
                lambda: worker.events("outcome.held") or worker.events("redis.away"),
                "its death cannot be recorded, or is not looked at any more",
            )
            worker.process.terminate()
            wait_until(lambda: worker.events("worker.stopping"), "it stops")
        assert worker.process.wait() == 0
        assert "worker.stopped_late" not in worker.log_text()
    record = record_of(ledger, job_id)
    assert record.state is State.QUEUED, "to be tried again"
    if worker.events("outcome.held"):
        assert record.attempts == 1
        assert "SIGKILL" in str(record.history)


def tail(worker: WorkerProcess, lines: int) -> str:
    return "\n".join(worker.log_text().splitlines()[lines:])


def starts_of(server: DurableServer, job_id: str) -> int:
    starts: Any = redis.Redis.from_url(server.url).hget(f"arbtune:job:{job_id}", "starts")
    return int(starts)


def test_connections_that_fall_silent_are_given_up_within_a_lease(
    outage_worker: WorkerProcess, server: DurableServer, proxy: Proxy, tmp_path: Path
) -> None:
    ledger = ledger_at(server.url)
    go_on = tmp_path / "go on"
    running = enqueue(ledger, f"until:{go_on}")
    wait_until(lambda: record_of(ledger, running).state is State.RUNNING, "it runs")
    before = len(outage_worker.events("redis.away"))
    proxy.silence()
    wait_until(lambda: len(outage_worker.events("redis.away")) > before, "it is said", GIVEN_UP_S)
    go_on.touch()
    after = enqueue(ledger, "quick")
    for job_id in (running, after):
        wait_until(partial(has_succeeded, ledger, job_id), "it runs")
        assert record_of(ledger, job_id).attempts == 1


def test_a_full_server_locks_no_worker_out_and_shows_it(
    own_redis_url: str, folder: Path, tmp_path: Path
) -> None:
    url = own_redis_url
    client = redis.Redis.from_url(url)
    try:
        ledger = ledger_at(url)
        jobs = [enqueue(ledger, "quick") for _ in range(3)]
        foreign = Celery(broker=url, backend=url).send_task(
            "worker.tasks.run_tuning_job", args=[JOB]
        )
        bindings: list[Any] = list(client.scan_iter("_kombu*"))
        client.delete(*bindings)
        client.config_set("maxmemory", 1)
        probes = tmp_path / "probes"
        with running_worker(url, folder, tmp_path / "log", probe_dir=str(probes)) as worker:
            for job_id in (*jobs, foreign.id):
                wait_until(partial(has_succeeded, ledger, job_id), "it runs")
            wait_until((probes / "ready").exists, "it is ready")
            present = [presence.worker for presence in present_workers(client)]
            assert any(f"/{worker.process.pid}/" in name for name in present)
            wait_until_touched(probes / "ready")
            assert "Traceback" not in worker.log_text()
            assert not worker.events("redis.away")
    finally:
        client.config_set("maxmemory", 0)


def has_succeeded(ledger: Ledger, job_id: str) -> bool:
    record = ledger.record(job_id)
    return record is not None and record.state is State.SUCCESS


def test_an_idle_worker_asks_little_and_sends_no_heartbeats(
    own_redis_url: str, folder: Path, tmp_path: Path
) -> None:
    client = redis.Redis.from_url(own_redis_url)
    with running_worker(own_redis_url, folder, tmp_path / "log"):
        ready = time.monotonic()
        wait_until(lambda: time.monotonic() > ready + 2, "it has done what it does once")
        before, began = client.info("stats"), time.monotonic()
        wait_until(lambda: time.monotonic() > began + 6, "beats have passed")
        after, seconds = client.info("stats"), time.monotonic() - began
        assert "cmdstat_publish" not in client.info("commandstats")
    asked = after["total_commands_processed"] - before["total_commands_processed"]
    assert asked / seconds <= 18


@contextmanager
def no_right_to_read(client: Any) -> Iterator[None]:
    client.execute_command("ACL", "SETUSER", "default", "-brpop")
    try:
        yield
    finally:
        client.execute_command("ACL", "SETUSER", "default", "+brpop")


@contextmanager
def no_right_to_listen(client: Any) -> Iterator[None]:
    client.execute_command("ACL", "SETUSER", "default", "-psubscribe")
    client.client_kill_filter(_type="pubsub")
    try:
        yield
    finally:
        client.execute_command("ACL", "SETUSER", "default", "+psubscribe")


@contextmanager
def no_list(client: Any) -> Iterator[None]:
    client.set(CHUNKS.queue, "not a list")
    try:
        yield
    finally:
        client.delete(CHUNKS.queue)


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (no_right_to_read, "BRPOP"),
        (no_right_to_listen, "PSUBSCRIBE"),
        (no_list, "BRPOP celery arbtune.chunks: WRONGTYPE"),
    ],
)
def test_a_server_that_hands_out_nothing_is_away_and_what_runs_goes_on(
    refusal: Any,
    sentence: str,
    outage_worker: WorkerProcess,
    server: DurableServer,
    folder: Path,
    tmp_path: Path,
) -> None:
    client, ledger = redis.Redis.from_url(server.url), ledger_at(server.url)
    go_on = tmp_path / "go on"
    running = enqueue(ledger, f"until:{go_on}")
    wait_until(lambda: record_of(ledger, running).state is State.RUNNING, "it runs")
    lines = len(outage_worker.log_text().splitlines())
    before = {name: len(outage_worker.events(name)) for name in ("redis.away", "redis.back")}
    with refusal(client):
        wait_until(lambda: "redis.away" in tail(outage_worker, lines), "it is said")
        os.utime(folder / "probes" / "ready", (0, 0))
        for _ in range(2):
            wait_until_touched(folder / "probes" / "alive")
        assert (folder / "probes" / "ready").stat().st_mtime == 0
        go_on.touch()
        wait_until(partial(has_succeeded, ledger, running), "what runs ends")
    after = enqueue(ledger, "quick")
    wait_until(partial(has_succeeded, ledger, after), "it takes jobs again")
    wait_until(lambda: "redis.back" in tail(outage_worker, lines), "it says so")
    [away] = outage_worker.events("redis.away")[before["redis.away"] :]
    assert sentence in f"{away['error']} {away['remedy']}"
    assert len(outage_worker.events("redis.back")) == before["redis.back"] + 1
    told = tail(outage_worker, lines)
    assert told.count("Connection to broker lost") <= 1, "that of the one that was cut"
    assert "worker.stalled" not in told
    assert record_of(ledger, running).attempts == 1
    assert len(told.splitlines()) < 25
