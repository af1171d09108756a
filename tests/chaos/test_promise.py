"""The promise, mechanism by mechanism: poisonous jobs, lost servers, cut off and dying workers."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from tests.conftest import (
    JOB,
    WorkerProcess,
    has_ended,
    ledger_at,
    running_worker,
    wait_until,
)
from tests.helpers import commands
from tests.helpers.servers.durable import binary_of, durable_server
from worker.client.jobs.sending import send, submission
from worker.ledger.ledger import JobRecord, Ledger, State

LEASE_S = 3
FOR_EVER = "until:/nowhere/at all"


@pytest.fixture(scope="module")
def poisonous_worker(
    redis_url: str, data_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    """A worker of one process whose jobs do what their tags say, with two attempts."""
    # A database of its own: the session's worker would be hurt.
    with running_worker(
        other_database(redis_url),
        data_root,
        tmp_path_factory.mktemp("poisonous") / "log",
        poisonous=True,
        max_attempts="2",
        job_time_limit_s="3",
    ) as running:
        yield running


def other_database(url: str) -> str:
    return url.removesuffix("/0") + "/1"


def enqueue(ledger: Ledger, tag: str) -> str:
    [[job_id]] = list(send(ledger, [submission({**JOB, "tag": tag})]))
    return job_id


def record_of(ledger: Ledger, job_id: str) -> JobRecord:
    record = ledger.record(job_id)
    assert record is not None
    return record


def ended(ledger: Ledger, job_id: str) -> JobRecord:
    def has_outcome() -> bool:
        record = ledger.record(job_id)
        return record is not None and not record.state.is_open

    wait_until(has_outcome, f"{job_id} has its outcome")
    return record_of(ledger, job_id)


def is_running(ledger: Ledger, job_id: str) -> bool:
    return record_of(ledger, job_id).state is State.RUNNING


# -- one job's end is its own


@pytest.mark.parametrize(
    ("poison", "error", "message", "is_dead"),
    [
        ("memory", "MemoryError", "the job needs more than", False),
        ("system-exit", "SystemExit", "3", False),
        ("loop", "TimeLimitExceeded", "longer than 3 s", False),
        ("eio", "OSError", "Input/output error", True),
        ("segfault", "WorkerLostError", "signal 11 (SIGSEGV)", True),
        ("exit:0", "WorkerLostError", "exitcode 0", True),
        ("exit:9", "WorkerLostError", "exitcode 9", True),
    ],
)
def test_a_poisonous_job_ends_itself_and_nothing_else(
    poison: str,
    error: str,
    message: str,
    is_dead: bool,
    poisonous_worker: WorkerProcess,
    redis_url: str,
) -> None:
    ledger = ledger_at(other_database(redis_url))
    bad, good = enqueue(ledger, poison), enqueue(ledger, "good")
    record = ended(ledger, bad)
    assert (record.state, ledger.is_dead(bad)) == (State.ERROR, is_dead)
    assert record.error is not None
    assert record.error["type"] == error
    assert message in record.error["message"]
    assert record.attempts == len(record.history) == (2 if is_dead else 1)
    assert ended(ledger, good).state is State.SUCCESS
    assert poisonous_worker.events("worker.died") == []


@pytest.mark.parametrize(
    ("limits", "whose"),
    [
        ({"soft_time_limit": 1}, "3 s (ARBTUNE_JOB_TIME_LIMIT_S)"),
        ({"time_limit": 1000}, "3 s (ARBTUNE_JOB_TIME_LIMIT_S)"),
        ({"time_limit": 1}, "1 s (its message's own time limit)"),
    ],
)
def test_a_message_cannot_ask_for_more_time_nor_swallow_its_end(
    limits: dict[str, int], whose: str, poisonous_worker: WorkerProcess, redis_url: str
) -> None:
    url = other_database(redis_url)
    client = Celery(broker=url, backend=url)
    job: Any = {**JOB, "tag": "loop"}
    sent = client.send_task("worker.tasks.run_tuning_job", args=[job], **limits)
    wait_until(lambda: ledger_at(url).record(sent.id) is not None, "it has started")
    record = ended(ledger_at(url), sent.id)
    assert record.error is not None
    assert record.error["type"] == "TimeLimitExceeded"
    assert record.error["message"] == f"the job ran longer than {whose}"
    assert (record.error["retryable"], record.attempts) == (False, 1)
    assert poisonous_worker.process.poll() is None


# -- dead letters, as people see them


def test_dead_letters_are_listed_shown_retried_and_purged(
    poisonous_worker: WorkerProcess, redis_url: str
) -> None:
    url = other_database(redis_url)
    ledger = ledger_at(url)

    dead = partial(commands.arbtune, "dead", environment={**os.environ, "ARBTUNE_REDIS_URL": url})
    job_id = enqueue(ledger, "eio")
    ended(ledger, job_id)
    letters = [json.loads(line) for line in dead("list", "--json").stdout.splitlines()]
    assert letters[0]["job_id"] == job_id
    assert f"{job_id}\t" in dead("list").stdout
    assert "\t2\tOSError: [Errno 5] Input/output error" in dead("list").stdout

    shown = json.loads(dead("show", job_id).stdout)
    assert shown["config"]["tag"] == "eio"
    assert [attempt["error"]["type"] for attempt in shown["history"]] == ["OSError", "OSError"]
    for attempt in shown["history"]:
        assert f"/{poisonous_worker.process.pid}/" in attempt["worker"]
        assert attempt["started_at"] <= attempt["ended_at"]

    retried = dead("retry", job_id, "--json")
    assert (retried.returncode, retried.stderr) == (0, "")
    assert json.loads(retried.stdout) == {"job_id": job_id, "status": "queued"}
    again = ended(ledger, job_id)
    assert (again.generation, again.attempts, len(again.history)) == (2, 2, 4)

    assert json.loads(dead("purge", job_id, "--json").stdout) == {"purged": 1}
    for action in ("show", "retry"):
        refused = dead(action, job_id)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == (
            f"arbtune: {job_id} is not a dead letter: see arbtune dead list, arbtune status ID\n"
        )
    assert dead("purge", job_id).returncode == 1
    assert dead("purge", "--yes").returncode == 0
    assert (dead("list", "--json").stdout, ledger.dead(10)) == ("", [])


# -- servers that are away


def test_a_worker_that_cannot_renew_ends_its_children_and_gives_the_attempts_back(
    data_root: Path, tmp_path: Path
) -> None:
    with (
        durable_server("valkey", tmp_path) as server,
        running_worker(
            server.url, data_root, tmp_path / "log", poisonous=True, lease_s=str(LEASE_S)
        ) as worker,
    ):
        ledger = ledger_at(server.url)
        go_on = tmp_path / "go on"
        job_id = enqueue(ledger, f"until:{go_on}")
        wait_until(lambda: is_running(ledger, job_id), "the job runs")
        [child] = worker.children()
        server.signal(signal.SIGSTOP)
        try:
            wait_until(lambda: has_ended(child), "its child is ended")
        finally:
            server.signal(signal.SIGCONT)
        go_on.touch()
        wait_until(lambda: worker.events("job.returned"), "the job is given back")
        record = ended(ledger, job_id)
        assert (record.state, record.attempts, record.history) == (State.SUCCESS, 1, ())
        assert worker.events("leases.given_up")
        assert not worker.events("job.lapsed")


def test_a_worker_stops_in_time_though_the_server_does_not_answer(
    data_root: Path, tmp_path: Path
) -> None:
    with (
        durable_server("valkey", tmp_path) as server,
        running_worker(
            server.url, data_root, tmp_path / "log", poisonous=True, shutdown_s="3"
        ) as worker,
    ):
        job_id = enqueue(ledger_at(server.url), FOR_EVER)
        wait_until(lambda: is_running(ledger_at(server.url), job_id), "the job runs")
        [child] = worker.children()
        server.signal(signal.SIGSTOP)
        try:
            worker.process.send_signal(signal.SIGTERM)
            assert worker.process.wait() == 0
        finally:
            server.signal(signal.SIGCONT)
        assert has_ended(child)
        assert worker.events("shutdown.not_returned"), "others find the job by its lease"


def test_workers_wait_for_a_server_that_is_away_at_their_start(
    data_root: Path, tmp_path: Path
) -> None:
    with durable_server("valkey", tmp_path) as server:
        ledger = ledger_at(server.url)
        job_id = enqueue(ledger, "good")
        server.kill()
        with running_worker(server.url, data_root, tmp_path / "log", awaits=False) as worker:
            wait_until(lambda: "redis.away" in worker.log_text(), "it looks for the server")
            server.start()
            assert ended(ledger, job_id).state is State.SUCCESS


@pytest.mark.parametrize("kind", ["valkey", "redis"])
def test_a_server_that_is_killed_midway_loses_nothing(
    kind: str, data_root: Path, tmp_path: Path
) -> None:
    if binary_of(kind) is None:
        pytest.skip("no redis-server on the PATH: a kill is not tried on Redis itself")
    with (
        durable_server(kind, tmp_path) as server,
        running_worker(server.url, data_root, tmp_path / "log", poisonous=True),
    ):
        ledger = ledger_at(server.url)
        go_on = tmp_path / "go on"
        jobs = [enqueue(ledger, f"until:{go_on}") for _ in range(3)]
        wait_until(lambda: is_running(ledger, jobs[0]), "the first job runs")
        server.kill()
        server.start()
        go_on.touch()
        assert [ended(ledger, job_id).state for job_id in jobs] == [State.SUCCESS] * 3
        assert [record_of(ledger, job_id).attempts for job_id in jobs] == [1, 1, 1]


# -- workers that die, and workers that are told to


def test_the_job_of_a_killed_worker_is_queued_again_within_two_leases(
    own_redis_url: str, data_root: Path, tmp_path: Path
) -> None:
    """Within two long ones: a slow machine needs a second or three beside the one to wait for."""
    server = redis.Redis.from_url(own_redis_url)
    ledger = ledger_at(own_redis_url)
    lease_s = 10
    go_on = tmp_path / "go on"
    options: dict[str, Any] = {"poisonous": True, "lease_s": str(lease_s)}
    with (
        running_worker(own_redis_url, data_root, tmp_path / "one", **options) as one,
        running_worker(own_redis_url, data_root, tmp_path / "other", **options) as other,
    ):
        jobs = [enqueue(ledger, f"until:{go_on}") for _ in range(2)]
        wait_until(
            lambda: all(is_running(ledger, job_id) for job_id in jobs), "both workers have a job"
        )
        [doomed_job] = [
            job_id
            for job_id in jobs
            if f"/{one.process.pid}/" in str(record_of(ledger, job_id).worker)
        ]
        holder = record_of(ledger, doomed_job).worker
        os.killpg(one.process.pid, signal.SIGKILL)
        killed_at: Any = server.time()
        wait_until(lambda: record_of(ledger, doomed_job).history, "it is queued again")
        go_on.touch()
        assert [ended(ledger, job_id).state for job_id in jobs] == [State.SUCCESS] * 2
        [lapsed] = record_of(ledger, doomed_job).history
        assert lapsed.worker == holder
        assert lapsed.ended_at - killed_at[0] <= 2 * lease_s
        assert len(other.events("job.lapsed")) == 1
        assert sorted(record_of(ledger, job_id).attempts for job_id in jobs) == [1, 2]


def test_a_main_process_that_dies_by_itself_costs_its_other_jobs_nothing(
    own_redis_url: str, data_root: Path, tmp_path: Path
) -> None:
    ledger = ledger_at(own_redis_url)
    with running_worker(
        own_redis_url,
        data_root,
        tmp_path / "log",
        concurrency=2,
        poisonous=True,
        lease_s=str(LEASE_S),
    ) as worker:
        go_on = tmp_path / "go on"
        job_id = enqueue(ledger, f"until:{go_on}")
        wait_until(lambda: is_running(ledger, job_id), "the job runs")
        redis.Redis.from_url(own_redis_url).lpush("celery", b"fatal")
        wait_until(lambda: worker.events("leases.given_up"), "its lease ends meanwhile")
        go_on.touch()
        record = ended(ledger, job_id)
        assert (record.state, record.attempts, record.history) == (State.SUCCESS, 1, ())
        wait_until(lambda: worker.events("worker.died"), "it has started again")


def test_a_group_that_is_told_to_stop_finishes_what_runs(
    own_redis_url: str, data_root: Path, tmp_path: Path
) -> None:
    ledger = ledger_at(own_redis_url)
    with running_worker(own_redis_url, data_root, tmp_path / "log", poisonous=True) as worker:
        go_on = tmp_path / "go on"
        job_id = enqueue(ledger, f"until:{go_on}")
        wait_until(lambda: is_running(ledger, job_id), "the job runs")
        os.killpg(worker.process.pid, signal.SIGTERM)
        wait_until(lambda: worker.events("worker.stopping"), "it stops")
        go_on.touch()
        assert worker.process.wait() == 0
    record = record_of(ledger, job_id)
    assert (record.state, record.attempts) == (State.SUCCESS, 1)


def test_a_worker_that_is_told_to_stop_while_it_starts_exits_0(
    own_redis_url: str, data_root: Path, tmp_path: Path
) -> None:
    with running_worker(own_redis_url, data_root, tmp_path / "log", awaits=False) as worker:
        status = Path(f"/proc/{worker.process.pid}/status")

        def has_a_handler() -> bool:
            [caught] = [line for line in status.read_text().splitlines() if "SigCgt" in line]
            return bool(int(caught.split()[1], 16) & 1 << signal.SIGTERM - 1)

        wait_until(has_a_handler, "it has a handler for SIGTERM")
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait() == 0
        assert "Warm shutdown" not in worker.log_text(), "Celery had no part in it"
