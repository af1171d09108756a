"""Real workers under what can happen to them: retries, dead children, limits, cancels, logs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
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
    quotes_csv,
    running_worker,
    wait_until,
)
from worker.enqueue import send, submission
from worker.ledger import Ledger, State


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with one small file. Jobs take as long as their tags say: `tests/chaos/toxic`."""
    folder = tmp_path_factory.mktemp("root")
    (folder / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    return folder


@pytest.fixture
def hurried(own_redis_url: str, root: Path, tmp_path: Path) -> Iterator[WorkerProcess]:
    """A worker of one process with a time limit of one second and two attempts."""
    with running_worker(
        own_redis_url,
        root,
        tmp_path / "log",
        poisonous=True,
        job_time_limit_s="1",
        max_attempts="2",
    ) as running:
        yield running


@pytest.fixture
def patient(own_redis_url: str, root: Path, tmp_path: Path) -> Iterator[WorkerProcess]:
    """A worker of one process with the default limits but two attempts."""
    with running_worker(
        own_redis_url, root, tmp_path / "log", poisonous=True, max_attempts="2"
    ) as running:
        yield running


def enqueue(ledger: Ledger, **changes: Any) -> str:
    [[job_id]] = list(send(ledger, [submission({**JOB, **changes})]))
    return job_id


def state_of(ledger: Ledger, job_id: str) -> State | None:
    record = ledger.record(job_id)
    return record.state if record else None


def test_a_job_past_the_time_limit_fails_as_such_and_the_next_one_runs(
    hurried: WorkerProcess, own_redis_url: str
) -> None:
    ledger = ledger_at(own_redis_url)
    slow = enqueue(ledger, tag="sleep:60")
    quick = enqueue(ledger)
    wait_until(lambda: state_of(ledger, slow) is State.ERROR, "the slow job is stopped")
    record = ledger.record(slow)
    assert record is not None
    assert record.error is not None
    assert record.error["type"] == "TimeLimitExceeded"
    assert "ran longer than 1 s" in record.error["message"]
    assert (record.error["attempts"], record.error["retryable"]) == (1, False)
    wait_until(lambda: state_of(ledger, quick) is State.SUCCESS, "the quick job runs after it")
    assert hurried.process.poll() is None


def test_a_job_whose_process_dies_is_tried_again_and_then_fails(
    patient: WorkerProcess, own_redis_url: str
) -> None:
    ledger = ledger_at(own_redis_url)
    job_id = enqueue(ledger, tag="sleep:60")
    for attempt in (1, 2):

        def is_running(attempt: int = attempt) -> bool:
            record = ledger.record(job_id)
            return bool(record and record.state is State.RUNNING and record.attempts == attempt)

        wait_until(is_running, f"attempt {attempt} runs")
        [child] = patient.children()
        os.kill(child, signal.SIGKILL)
    wait_until(lambda: state_of(ledger, job_id) is State.ERROR, "the attempts are used up")
    [meta] = ledger.results([job_id])
    assert meta is not None
    assert meta["status"] == "FAILURE"
    assert meta["error"]["type"] == "WorkerLostError"
    assert meta["error"]["attempts"] == 2
    after = enqueue(ledger)
    wait_until(lambda: state_of(ledger, after) is State.SUCCESS, "the worker lives on")
    assert [event["job_id"] for event in patient.events("job.retry")] == [job_id]


def test_a_running_job_is_stopped_by_a_cancel(patient: WorkerProcess, own_redis_url: str) -> None:
    from worker.metas import cancelled_meta

    ledger = ledger_at(own_redis_url)
    job_id = enqueue(ledger, tag="sleep:60")
    wait_until(lambda: state_of(ledger, job_id) is State.RUNNING, "the job runs")
    [child] = patient.children()
    server = redis.Redis.from_url(own_redis_url)
    lease = server.zscore("arbtune:jobs:running", job_id)
    wait_until(
        lambda: server.zscore("arbtune:jobs:running", job_id) != lease,
        "its worker has just looked, and will not for as long as it ever does",
    )
    assert ledger.cancel(job_id, cancelled_meta(job_id)) is State.CANCELLED
    wait_until(lambda: has_ended(child), "its process is ended", timeout_s=5)
    [stopped] = patient.events("job.stopped")
    record = ledger.record(job_id)
    assert record is not None
    assert record.finished_at is not None
    assert datetime.fromisoformat(stopped["time"]).timestamp() - record.finished_at < 2
    ending = f"arbtune:ending:{job_id}"
    wait_until(lambda: not server.exists(ending), "it could start anew", timeout_s=5)
    after = enqueue(ledger)
    wait_until(lambda: state_of(ledger, after) is State.SUCCESS, "the worker lives on")
    assert state_of(ledger, job_id) is State.CANCELLED


def test_a_job_that_is_cancelled_and_sent_again_at_once_runs_anew(
    patient: WorkerProcess, own_redis_url: str
) -> None:
    """Its child is ended for the cancelled generation; the next one is nobody's to cancel."""
    from worker.metas import cancelled_meta

    ledger = ledger_at(own_redis_url)
    job_id = enqueue(ledger, tag="sleep:60")
    wait_until(lambda: state_of(ledger, job_id) is State.RUNNING, "the job runs")
    ledger.cancel(job_id, cancelled_meta(job_id))
    list(send(ledger, [submission(JOB, job_id)]))
    wait_until(lambda: state_of(ledger, job_id) not in (State.QUEUED, State.RUNNING), "it ends")
    record = ledger.record(job_id)
    assert record is not None
    assert (record.state, record.generation, record.attempts) == (State.SUCCESS, 2, 1)
    assert len(patient.events("job.stopped")) == 1


def test_the_log_is_one_object_a_line_with_the_facts_of_each_job(
    patient: WorkerProcess, own_redis_url: str
) -> None:
    ledger = ledger_at(own_redis_url)
    good, bad = enqueue(ledger), enqueue(ledger, data_file="nope.csv")
    wait_until(lambda: len(patient.events("job.finished")) == 2, "both are logged")
    by_job = {event["job_id"]: event for event in patient.events("job.finished")}
    assert (by_job[good]["attempt"], by_job[good]["outcome"]) == (1, "success")
    assert 0 < by_job[good]["seconds"] < 30
    assert by_job[bad]["outcome"] == "error"
    assert by_job[bad]["error"] == "Data file not found: nope.csv"


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
    with running_worker(own_redis_url, root, tmp_path / "log", poisonous=True) as worker:
        job_id = enqueue(ledger, tag="sleep:1")
        wait_until(lambda: state_of(ledger, job_id) is State.RUNNING, "the job runs")
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(60) == 0
    assert state_of(ledger, job_id) is State.SUCCESS


def test_sigterm_gives_back_what_it_cannot_finish_in_time(
    own_redis_url: str, root: Path, tmp_path: Path
) -> None:
    ledger = ledger_at(own_redis_url)
    log = tmp_path / "log"
    with running_worker(own_redis_url, root, log, poisonous=True, shutdown_s="2") as worker:
        job_id = enqueue(ledger, tag="sleep:60")
        wait_until(lambda: state_of(ledger, job_id) is State.RUNNING, "the job runs")
        [child] = worker.children()
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(10) == 0
        wait_until(lambda: has_ended(child), "its child is ended too", timeout_s=5)
    record = ledger.record(job_id)
    assert record is not None
    assert (record.state, record.attempts) == (State.QUEUED, 0)
    ledger.cancel(job_id, {})
    with running_worker(own_redis_url, root, tmp_path / "log-2", poisonous=True):
        again = enqueue(ledger)
        wait_until(lambda: state_of(ledger, again) is State.SUCCESS, "the next worker works")


def test_a_job_that_was_given_back_runs_on_the_next_worker(
    own_redis_url: str, root: Path, tmp_path: Path
) -> None:
    ledger = ledger_at(own_redis_url)
    with running_worker(
        own_redis_url, root, tmp_path / "log", poisonous=True, shutdown_s="2"
    ) as worker:
        job_id = enqueue(ledger, tag="sleep:3")
        wait_until(lambda: state_of(ledger, job_id) is State.RUNNING, "the job runs")
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(10) == 0
    with running_worker(own_redis_url, root, tmp_path / "log-2", poisonous=True):
        wait_until(lambda: state_of(ledger, job_id) is State.SUCCESS, "it runs there")
    record = ledger.record(job_id)
    assert record is not None
    assert record.attempts == 1


def test_a_job_whose_whole_worker_was_killed_runs_on_another(
    own_redis_url: str, root: Path, tmp_path: Path
) -> None:
    ledger = Ledger(redis.Redis.from_url(own_redis_url), result_ttl_s=3600, lease_s=3)
    with (
        running_worker(
            own_redis_url, root, tmp_path / "other", poisonous=True, lease_s="3"
        ) as other,
        running_worker(
            own_redis_url, root, tmp_path / "doomed", poisonous=True, lease_s="3"
        ) as doomed,
    ):
        jobs = [enqueue(ledger, tag="sleep:3") for _ in range(2)]
        wait_until(lambda: ledger.counts()[State.RUNNING] == 2, "both workers have a job")
        os.killpg(doomed.process.pid, signal.SIGKILL)
        doomed.process.wait()
        wait_until(lambda: ledger.counts()[State.SUCCESS] == 2, "both jobs succeed", 60)
        assert len(other.events("job.lapsed")) == 1
    attempts = sorted(record.attempts for record in ledger.records(jobs) if record)
    assert attempts == [1, 2]


def test_a_message_that_was_lost_on_its_way_is_published_again(
    own_redis_url: str, root: Path, tmp_path: Path
) -> None:
    ledger = ledger_at(own_redis_url)
    job_id = enqueue(ledger)
    redis.Redis.from_url(own_redis_url).delete("celery")
    with running_worker(own_redis_url, root, tmp_path / "log", poisonous=True):
        wait_until(lambda: state_of(ledger, job_id) is State.SUCCESS, "it runs all the same", 40)


def test_a_worker_that_a_message_killed_starts_again(
    patient: WorkerProcess, own_redis_url: str
) -> None:
    ledger = ledger_at(own_redis_url)
    redis.Redis.from_url(own_redis_url).lpush("celery", b"\xff no JSON")
    job_id = enqueue(ledger)
    wait_until(lambda: state_of(ledger, job_id) is State.SUCCESS, "the job behind it runs", 60)
    assert len(patient.events("worker.died")) == 1
    assert patient.process.poll() is None


def test_a_message_of_a_plain_client_that_comes_twice_runs_once(
    patient: WorkerProcess, own_redis_url: str
) -> None:
    client = Celery(broker=own_redis_url, backend=own_redis_url)
    for _ in range(2):
        client.send_task("worker.tasks.run_tuning_job", args=[JOB], task_id="twice")
    wait_until(lambda: patient.events("job.dropped"), "the second delivery is dropped")
    assert [event["job_id"] for event in patient.events("job.finished")] == ["twice"]


def test_wrong_settings_are_refused_at_start_in_a_sentence(tmp_path: Path) -> None:
    import subprocess
    import sys

    environment = {**os.environ, "ARBTUNE_LEASE_S": "soon", "ARBTUNE_DATA_ROOT": str(tmp_path)}
    started = time.monotonic()
    refused = subprocess.run(
        [sys.executable, "-m", "worker.cli", "worker"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert refused.returncode == 1
    assert refused.stderr == "arbtune: ARBTUNE_LEASE_S must be a number, not 'soon'\n"
    assert time.monotonic() - started < 30


STOPPED_BEFORE = """
import sys
from worker import cli
from worker.commands import worker

worker._stops_before_the_start.append(True)
sys.exit(cli.main(["worker", "--concurrency", "1"]))
"""


def test_a_stop_that_got_lost_while_it_started_ends_a_worker_when_it_is_ready(
    own_redis_url: str, root: Path
) -> None:
    """A callback of ctypes passes over a SystemExit, as does the end of an object."""
    worker = subprocess.run(
        [sys.executable, "-c", STOPPED_BEFORE],
        env={**os.environ, "ARBTUNE_REDIS_URL": own_redis_url, "ARBTUNE_DATA_ROOT": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert worker.returncode == 0, worker.stderr
    assert "worker.ready" in worker.stderr


def test_sigterm_while_it_starts_ends_a_worker_at_once(
    own_redis_url: str, root: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with running_worker(own_redis_url, root, log, awaits=False) as worker:
        wait_until(lambda: "kernels.ready" in worker.log_text(), "it has begun to start")
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(20) == 0
    assert "worker.died" not in worker.log_text()


def test_every_line_of_a_log_is_an_event_to_the_end(
    own_redis_url: str, root: Path, tmp_path: Path
) -> None:
    with running_worker(own_redis_url, root, tmp_path / "log", redis_ulr="x") as worker:
        enqueue(ledger_at(own_redis_url))
    assert worker.events("worker.ready")  # which parses every line
    [unknown] = worker.events("setting.unknown")
    assert "ARBTUNE_REDIS_ULR is not a setting" in unknown["error"]


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
        assert process.wait(30) == 0
        assert list(probes.iterdir()) == []
    finally:
        process.kill()
        process.wait()
