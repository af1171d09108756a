"""What Celery's remote control and the signals of a terminal make of a worker."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from tests.conftest import (
    JOB,
    PATIENCE_S,
    TOXIC,
    WorkerProcess,
    has_ended,
    ledger_at,
    running_worker,
    wait_until,
)
from tests.helpers.servers.forked import ForkedArbtune
from tests.helpers.terminals import open_terminal
from worker.client.embedded import embedded_server
from worker.client.jobs.sending import send, submission
from worker.ledger.ledger import Ledger, State
from worker.operating.signs.presence import present_workers


@pytest.fixture
def client(own_redis_url: str) -> Celery:
    return Celery(broker=own_redis_url, backend=own_redis_url, set_as_current=False)


@pytest.fixture
def controlled(
    own_redis_url: str, data_root: Path, tmp_path: Path, client: Celery
) -> Iterator[WorkerProcess]:
    """A worker that listens, and whose jobs do what their tags say."""
    with running_worker(own_redis_url, data_root, tmp_path / "log", poisonous=True) as running:
        wait_until(lambda: client.control.ping(timeout=1, limit=1), "it listens")
        yield running


@pytest.fixture
def ledger(own_redis_url: str) -> Ledger:
    return ledger_at(own_redis_url)


@pytest.fixture(scope="module")
def flower_url() -> Iterator[str]:
    with embedded_server() as url:
        yield url


@pytest.fixture(scope="module")
def flower(flower_url: str) -> Celery:
    return Celery(broker=flower_url, backend=flower_url, set_as_current=False)


@pytest.fixture(scope="module")
def flower_worker(
    flower_url: str, flower: Celery, data_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    """One of two processes, for all tests of buttons: each leaves it well, but for the last."""
    log = tmp_path_factory.mktemp("flower") / "log"
    with running_worker(flower_url, data_root, log, poisonous=True, concurrency=2) as running:
        wait_until(lambda: flower.control.ping(timeout=1, limit=1), "it listens")
        yield running


@pytest.fixture
def flower_ledger(flower_url: str) -> Ledger:
    return ledger_at(flower_url)


def enqueue(ledger: Ledger, tag: str = "sleep:0") -> str:
    [[job_id]] = send(ledger, [submission({**JOB, "tag": tag})])
    return job_id


def is_in(ledger: Ledger, job_id: str, state: State) -> Callable[[], bool]:
    return lambda: ledger.states([job_id]) == [state]


# -- ends


@pytest.mark.parametrize("how", ["Celery's command", "SIGHUP"])
def test_an_orderly_end_finishes_what_runs_and_is_not_a_death(
    how: str, controlled: WorkerProcess, client: Celery, ledger: Ledger, tmp_path: Path
) -> None:
    go_on = tmp_path / "go on"
    job_id = enqueue(ledger, f"until:{go_on}")
    wait_until(is_in(ledger, job_id, State.RUNNING), "the job runs")
    if how == "SIGHUP":
        controlled.process.send_signal(signal.SIGHUP)
    else:
        client.control.shutdown()
    wait_until(lambda: controlled.events("worker.stopping"), "it stops")
    go_on.touch()
    assert controlled.process.wait() == 0
    record = ledger.record(job_id)
    assert record is not None
    assert (record.state, record.attempts) == (State.SUCCESS, 1)
    assert controlled.events("worker.died") == []


def test_a_terminal_that_is_closed_ends_its_worker_in_order(
    own_redis_url: str, data_root: Path, ledger: Ledger
) -> None:
    settings = {"REDIS_URL": own_redis_url, "DATA_ROOT": str(data_root)}
    environment = {f"ARBTUNE_{name}": text for name, text in settings.items()}
    terminal, its = open_terminal()
    worker = ForkedArbtune(
        *("worker", "--concurrency=1"),
        environment={**os.environ, **environment, "PYTHONPATH": str(TOXIC)},
        stdin=its,
        output=its,
    )
    os.close(its)
    job_id = enqueue(ledger, "sleep:2")
    try:
        wait_until(is_in(ledger, job_id, State.RUNNING), "the job runs")
        os.close(terminal)
        assert worker.wait() == 0
    except BaseException:
        worker.kill()
        raise
    record = ledger.record(job_id)
    assert record is not None
    assert (record.state, record.attempts) == (State.SUCCESS, 1)


def test_with_nohup_a_worker_outlives_its_terminal(
    own_redis_url: str, data_root: Path, ledger: Ledger
) -> None:
    """Which it is told before its first import, so that it is not forked."""
    process, terminal = pty.fork()
    if process == 0:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.environ.update(ARBTUNE_REDIS_URL=own_redis_url, ARBTUNE_DATA_ROOT=str(data_root))
        command = [sys.executable, "-m", "worker.cli", "worker", "--concurrency=1"]
        os.execv(sys.executable, command)  # noqa: S606 - our own module
    try:
        first = enqueue(ledger)
        wait_until(is_in(ledger, first, State.SUCCESS), "it runs jobs")
        os.close(terminal)
        second = enqueue(ledger)
        wait_until(is_in(ledger, second, State.SUCCESS), "it runs jobs still")
        os.kill(process, signal.SIGTERM)
        _, status = os.waitpid(process, 0)
    except BaseException:
        os.kill(process, signal.SIGKILL)
        raise
    assert os.waitstatus_to_exitcode(status) == 0


# -- what Flower's buttons send


def test_a_job_that_is_terminated_is_gone_and_the_next_one_runs(
    flower_worker: WorkerProcess, flower: Celery, flower_ledger: Ledger
) -> None:
    running = [enqueue(flower_ledger, "loop"), enqueue(flower_ledger, "loop")]
    for job_id in running:
        wait_until(is_in(flower_ledger, job_id, State.RUNNING), "the job runs")
    children = flower_worker.children()
    following = enqueue(flower_ledger)
    flower.control.revoke(running, terminate=True)
    wait_until(lambda: all(map(has_ended, children)), "their processes are gone")
    wait_until(is_in(flower_ledger, following, State.SUCCESS), "the next job runs")
    assert flower_ledger.states(running) == [State.CANCELLED] * 2
    assert [meta and meta["status"] for meta in flower_ledger.results(running)] == ["REVOKED"] * 2


def test_a_revoke_cancels_what_waits_and_leaves_what_runs(
    flower_worker: WorkerProcess, flower: Celery, flower_ledger: Ledger, tmp_path: Path
) -> None:
    go_on = tmp_path / "go on"
    running = [enqueue(flower_ledger, f"until:{go_on}") for _ in range(2)]
    for job_id in running:
        wait_until(is_in(flower_ledger, job_id, State.RUNNING), "the job runs")
    waiting = enqueue(flower_ledger)
    flower.control.revoke([*running, waiting])
    wait_until(is_in(flower_ledger, waiting, State.CANCELLED), "what waits is cancelled")
    assert flower_ledger.results(running) == [None, None]
    go_on.touch()
    for job_id in running:
        wait_until(is_in(flower_ledger, job_id, State.SUCCESS), "what runs is finished")
    assert flower_worker.process.poll() is None


def test_limits_are_not_for_a_remote_to_set(
    flower_worker: WorkerProcess, flower: Celery, flower_ledger: Ledger
) -> None:
    task = "worker.tasks.run_tuning_job"
    [by_rate] = flower.control.rate_limit(task, "1/h", reply=True, timeout=PATIENCE_S, limit=1)
    [by_time] = flower.control.time_limit(task, reply=True, timeout=PATIENCE_S, limit=1)
    assert "no rate limits" in next(iter(by_rate.values()))["error"]
    assert "ARBTUNE_JOB_TIME_LIMIT_S" in next(iter(by_time.values()))["error"]
    for job_id in [enqueue(flower_ledger) for _ in range(5)]:
        wait_until(is_in(flower_ledger, job_id, State.SUCCESS), "jobs run as ever")
    assert flower_worker.events("worker.died") == []


@pytest.mark.parametrize(
    ("command", "arguments", "why"),
    [
        ("add_consumer", {"queue": "other"}, "no other queue"),
        ("cancel_consumer", {"queue": ["celery"]}, "no other queue"),
        ("revoke_by_stamped_headers", {"headers": {"s": "1"}}, "by their ids"),
        ("pool_grow", {"n": 1_000_000}, "processes here, and has 2"),
        ("pool_grow", {"n": "many"}, "processes here, and has 2"),
        ("hello", {"from_node": "a@b", "revoked": [[1, "x"]]}, "all that they share"),
    ],
)
def test_what_a_worker_has_no_use_for_is_refused_with_a_sentence(
    flower_worker: WorkerProcess, flower: Celery, command: str, arguments: Any, why: str
) -> None:
    [answer] = flower.control.broadcast(
        command, arguments=arguments, reply=True, timeout=20, limit=1
    )
    assert why in next(iter(answer.values()))["error"]
    assert flower_worker.events("worker.died") == []


def test_a_pool_that_shrinks_and_grows_is_known_by_its_size(
    flower_worker: WorkerProcess, flower: Celery, flower_url: str
) -> None:
    server = redis.Redis.from_url(flower_url)

    def processes() -> list[int]:
        return [presence.concurrency for presence in present_workers(server)]

    assert flower_worker.process.poll() is None
    wait_until(lambda: processes() == [2], "it has two processes")
    flower.control.pool_shrink(1)
    wait_until(lambda: processes() == [1], "it has one, and nobody misses another")
    flower.control.pool_grow(2)
    wait_until(lambda: processes() == [3], "it has three")


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_a_pool_without_processes_is_refused(pool: str, own_redis_url: str, tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "ARBTUNE_REDIS_URL": own_redis_url,
        "ARBTUNE_DATA_ROOT": str(tmp_path),
    }
    with ForkedArbtune(
        *("-A", "worker.celery_app", "worker", "-P", pool),
        environment={**os.environ, **settings},
        output=subprocess.DEVNULL,
        errors=subprocess.PIPE,
        program="celery.__main__",
    ) as refused:
        _, said = refused.communicate()
    assert refused.returncode == 1
    last = said.decode().splitlines()[-1]
    assert last.startswith(
        f"arbtune: the pool {'thread' if pool == 'threads' else pool} is refused"
    )
    assert "--pool=prefork" in last
    assert "Traceback" not in said.decode()
