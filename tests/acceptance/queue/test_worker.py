"""Real workers under what can happen to them: retries, dead children, limits, cancels, logs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from tests.conftest import (
    JOB,
    PATIENCE_S,
    WorkerProcess,
    has_ended,
    ledger_at,
    quotes_csv,
    running_worker,
    wait_until,
)
from worker.client.embedded import embedded_server
from worker.client.jobs.sending import send, submission
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.ledger import Ledger, State

LEASE_S = 600  # longer than a test may take
FOR_EVER = "until:/nowhere/at all"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with one small file. Jobs take as long as their tags say: `tests/chaos/toxic`."""
    folder = tmp_path_factory.mktemp("root")
    (folder / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def patient_url() -> Iterator[str]:
    with embedded_server() as url:
        yield url


@pytest.fixture(scope="module")
def patient_worker(
    patient_url: str, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    """A worker of one process with two attempts; its lease outlasts every test."""
    log = tmp_path_factory.mktemp("patient") / "log"
    with running_worker(
        patient_url, root, log, poisonous=True, max_attempts="2", lease_s=str(LEASE_S)
    ) as running:
        yield running


@pytest.fixture
def patient_ledger(patient_url: str) -> Ledger:
    return Ledger(redis.Redis.from_url(patient_url), result_ttl_s=3600, lease_s=LEASE_S)


def enqueue(ledger: Ledger, **changes: Any) -> str:
    [[job_id]] = list(send(ledger, [submission({**JOB, **changes})]))
    return job_id


def state_of(ledger: Ledger, job_id: str) -> State | None:
    record = ledger.record(job_id)
    return record.state if record else None


def test_a_job_whose_process_dies_is_tried_again_and_then_fails(
    patient_worker: WorkerProcess, patient_ledger: Ledger
) -> None:
    ledger = patient_ledger
    job_id = enqueue(ledger, tag=FOR_EVER)
    for attempt in (1, 2):

        def is_running(attempt: int = attempt) -> bool:
            record = ledger.record(job_id)
            return bool(record and record.state is State.RUNNING and record.attempts == attempt)

        wait_until(is_running, f"attempt {attempt} runs")
        [child] = patient_worker.children()
        os.kill(child, signal.SIGKILL)
    wait_until(lambda: state_of(ledger, job_id) is State.ERROR, "the attempts are used up")
    [meta] = ledger.results([job_id])
    assert meta is not None
    assert meta["status"] == "FAILURE"
    assert meta["error"]["type"] == "WorkerLostError"
    assert meta["error"]["attempts"] == 2
    after = enqueue(ledger)
    wait_until(lambda: state_of(ledger, after) is State.SUCCESS, "the worker lives on")
    assert [event["job_id"] for event in patient_worker.events("job.retry")] == [job_id]


def test_a_running_job_is_stopped_by_a_cancel(
    patient_worker: WorkerProcess, patient_ledger: Ledger
) -> None:
    """Long before its lease needs to be renewed."""
    ledger = patient_ledger
    job_id = enqueue(ledger, tag=FOR_EVER)
    wait_until(lambda: state_of(ledger, job_id) is State.RUNNING, "the job runs")
    [child] = patient_worker.children()
    assert ledger.cancel(job_id, cancelled_meta(job_id)) is State.CANCELLED
    wait_until(lambda: has_ended(child), "its process is ended")
    again = submission(JOB, job_id)
    list(send(ledger, [again]))
    wait_until(lambda: state_of(ledger, job_id) is State.SUCCESS, "it can start anew")
    assert [event["job_id"] for event in patient_worker.events("job.stopped")] == [job_id]


def test_a_job_that_is_cancelled_and_sent_again_at_once_runs_anew(
    patient_worker: WorkerProcess, patient_ledger: Ledger
) -> None:
    """Its child is ended for the cancelled generation; the next one is nobody's to cancel."""
    ledger = patient_ledger
    stopped = len(patient_worker.events("job.stopped"))
    job_id = enqueue(ledger, tag=FOR_EVER)
    wait_until(lambda: state_of(ledger, job_id) is State.RUNNING, "the job runs")
    ledger.cancel(job_id, cancelled_meta(job_id))
    list(send(ledger, [submission(JOB, job_id)]))
    wait_until(lambda: state_of(ledger, job_id) not in (State.QUEUED, State.RUNNING), "it ends")
    record = ledger.record(job_id)
    assert record is not None
    assert (record.state, record.generation, record.attempts) == (State.SUCCESS, 2, 1)
    assert len(patient_worker.events("job.stopped")) == stopped + 1


def test_the_log_is_one_object_a_line_with_the_facts_of_each_job(
    patient_worker: WorkerProcess, patient_ledger: Ledger
) -> None:
    good = enqueue(patient_ledger)
    bad = enqueue(patient_ledger, data_file="nope.csv")

    def ends() -> dict[str, Any]:
        return {event["job_id"]: event for event in patient_worker.events("job.finished")}

    wait_until(lambda: {good, bad} <= set(ends()), "both are logged")
    assert (ends()[good]["attempt"], ends()[good]["outcome"]) == (1, "success")
    assert 0 < ends()[good]["seconds"] < PATIENCE_S
    assert ends()[bad]["outcome"] == "error"
    assert ends()[bad]["error"] == "Data file not found: nope.csv"


def test_a_worker_that_a_message_killed_starts_again(
    patient_worker: WorkerProcess, patient_ledger: Ledger, patient_url: str
) -> None:
    redis.Redis.from_url(patient_url).lpush("celery", b"fatal")
    job_id = enqueue(patient_ledger)
    wait_until(lambda: state_of(patient_ledger, job_id) is State.SUCCESS, "the job behind it runs")
    assert len(patient_worker.events("worker.died")) == 1
    assert patient_worker.process.poll() is None


def test_a_message_of_a_plain_client_that_comes_twice_runs_once(
    patient_worker: WorkerProcess, patient_url: str
) -> None:
    client = Celery(broker=patient_url, backend=patient_url)
    for _ in range(2):
        client.send_task("worker.tasks.run_tuning_job", args=[JOB], task_id="twice")

    def told(name: str) -> list[str]:
        return [event["job_id"] for event in patient_worker.events(name)]

    wait_until(lambda: "twice" in told("job.dropped"), "the second delivery is dropped")
    assert told("job.finished").count("twice") == 1


def test_a_password_is_nowhere_in_the_log(own_redis_url: str, root: Path, tmp_path: Path) -> None:
    server = redis.Redis.from_url(own_redis_url)
    server.config_set("requirepass", "hush-hush")
    url = own_redis_url.replace("redis://", "redis://:hush-hush@")
    with running_worker(url, root, tmp_path / "log", poisonous=True) as worker:
        ledger = ledger_at(url)
        job_id = enqueue(ledger)
        wait_until(lambda: state_of(ledger, job_id) is State.SUCCESS, "the job ran")
        redis.Redis.from_url(url).config_set("requirepass", "changed")
        redis.Redis.from_url(own_redis_url, password="changed").client_kill_filter(_type="normal")
        wait_until(lambda: "Connection to broker lost" in worker.log_text(), "it is cut off")
        assert "hush-hush" not in worker.log_text()
        titles = Path(f"/proc/{worker.process.pid}/cmdline").read_text(encoding="utf-8")
        assert "hush-hush" not in titles


def test_sigterm_finishes_what_runs_and_exits_0(
    own_redis_url: str, root: Path, tmp_path: Path
) -> None:
    ledger = ledger_at(own_redis_url)
    go_on = tmp_path / "go on"
    with running_worker(own_redis_url, root, tmp_path / "log", poisonous=True) as worker:
        job_id = enqueue(ledger, tag=f"until:{go_on}")
        wait_until(lambda: state_of(ledger, job_id) is State.RUNNING, "the job runs")
        worker.process.send_signal(signal.SIGTERM)
        wait_until(lambda: worker.events("worker.stopping"), "it stops")
        go_on.touch()
        assert worker.process.wait() == 0
    assert state_of(ledger, job_id) is State.SUCCESS
    assert worker.events("worker.ready"), "each line to the last is an event"


def test_sigterm_gives_back_what_it_cannot_finish_in_time(
    own_redis_url: str, root: Path, tmp_path: Path
) -> None:
    ledger = ledger_at(own_redis_url)
    go_on, log = tmp_path / "go on", tmp_path / "log"
    with running_worker(own_redis_url, root, log, poisonous=True, shutdown_s="2") as worker:
        job_id = enqueue(ledger, tag=f"until:{go_on}")
        wait_until(lambda: state_of(ledger, job_id) is State.RUNNING, "the job runs")
        [child] = worker.children()
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait() == 0
        wait_until(lambda: has_ended(child), "its child is ended too")
    record = ledger.record(job_id)
    assert record is not None
    assert (record.state, record.attempts) == (State.QUEUED, 0)
    go_on.touch()
    with running_worker(own_redis_url, root, tmp_path / "log-2", poisonous=True):
        wait_until(lambda: state_of(ledger, job_id) is State.SUCCESS, "it runs on the next worker")
    record = ledger.record(job_id)
    assert record is not None
    assert record.attempts == 1


def test_wrong_settings_are_refused_at_start_in_a_sentence(tmp_path: Path) -> None:
    environment = {**os.environ, "ARBTUNE_LEASE_S": "soon", "ARBTUNE_DATA_ROOT": str(tmp_path)}
    refused = subprocess.run(
        [sys.executable, "-m", "worker.cli", "worker"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert refused.stderr == "arbtune: ARBTUNE_LEASE_S must be a number, not 'soon'\n"


STOPPED_BEFORE = """
from worker.running.process.state import this_worker

this_worker().was_told_early = True
"""


def test_a_stop_that_got_lost_while_it_started_ends_a_worker_when_it_is_ready(
    own_redis_url: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A callback of ctypes passes over a SystemExit, as does the end of an object."""
    (tmp_path / "sitecustomize.py").write_text(STOPPED_BEFORE, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with running_worker(own_redis_url, root, tmp_path / "log", awaits=False) as worker:
        assert worker.process.wait() == 0, worker.log_text()
    assert "worker.ready" in worker.log_text()


def test_sigterm_while_it_starts_ends_a_worker_at_once(
    own_redis_url: str, root: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with running_worker(own_redis_url, root, log, awaits=False) as worker:
        wait_until(lambda: "kernels.ready" in worker.log_text(), "it has begun to start")
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait() == 0
    assert "worker.died" not in worker.log_text()


def test_celerys_own_command_runs_a_worker(own_redis_url: str, root: Path, tmp_path: Path) -> None:
    probes = tmp_path / "probes"
    settings = {"REDIS_URL": own_redis_url, "DATA_ROOT": str(root), "PROBE_DIR": str(probes)}
    command = "-m celery -A worker.celery_app worker --concurrency 1"
    process = subprocess.Popen(
        [sys.executable, *command.split()],
        env={**os.environ, **{f"ARBTUNE_{name}": text for name, text in settings.items()}},
    )
    try:
        wait_until((probes / "ready").exists, "the worker is ready")
        ledger = ledger_at(own_redis_url)
        job_id = enqueue(ledger)
        wait_until(lambda: state_of(ledger, job_id) is State.SUCCESS, "the job has run")
        process.terminate()
        assert process.wait() == 0
        assert list(probes.iterdir()) == []
    finally:
        process.kill()
        process.wait()
