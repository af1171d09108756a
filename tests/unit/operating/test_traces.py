"""What is told of attempts that ended without the process that ran them."""

from __future__ import annotations

import logging
import sys
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from arbitrage.documents.result import ErrorRecord
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.missing_rows import MissingRows
from tests.conftest import JOB, ledger_at
from tests.helpers.inputs.sweeps import spec
from worker.client.jobs.sending import submission, submit
from worker.client.sweeps.collector import Collector, Progress
from worker.client.sweeps.plan import ask_workers
from worker.ledger.celery_meta import cancelled_meta, failed_meta
from worker.ledger.envelope import CHUNKS, JOBS
from worker.ledger.identity import worker_id
from worker.ledger.ledger import Ledger, Outcome, Start, State
from worker.operating import trace
from worker.operating.trace import traces
from worker.running.process.reconciler import Reconciler
from worker.settings import Settings

ERROR: ErrorRecord = {"type": "WorkerLostError", "message": "it died", "retryable": True}


@pytest.fixture
def ledger(own_redis_url: str) -> Ledger:
    """On a server without workers, who would take the jobs."""
    return ledger_at(own_redis_url)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The attempts that would be sent, in place of a collector."""
    found: list[dict[str, Any]] = []

    def attempt(job_id: str, start: tuple[int, int], **more: Any) -> None:
        found.append({"job_id": job_id, "start": start, **more})

    spans = SimpleNamespace(attempt=attempt, enqueued=lambda *_: None, flush=lambda: None)
    monkeypatch.setattr(traces, "_spans", lambda: spans)
    return found


@pytest.fixture
def roots(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The jobs whose traces would begin, in place of a collector: their ids and queues."""
    found: list[tuple[str, str]] = []
    spans = SimpleNamespace(enqueued=lambda job_id, queue, _: found.append((job_id, queue)))
    monkeypatch.setattr(traces, "_spans", lambda: spans)
    return found


def started(ledger: Ledger) -> tuple[str, Start]:
    job = submission(JOB, str(uuid.uuid4()))
    submit(ledger, [job], JOBS)
    start = ledger.start(job.job_id, "w", job.config, JOBS)
    assert start is not None
    return job.job_id, start


def requeue(ledger: Ledger, job_id: str, start: Start) -> None:
    failure = Outcome(State.ERROR, failed_meta(job_id, ERROR), ERROR)
    assert ledger.requeue(job_id, start.holder, failure, max_attempts=3) == "queued"


def test_the_trace_of_a_job_begins_once(ledger: Ledger, roots: list[tuple[str, str]]) -> None:
    job = submission(JOB)
    assert submit(ledger, [job], JOBS) == ["queued"]
    assert submit(ledger, [job], JOBS) == ["open"]
    assert roots == [(job.job_id, JOBS.queue)]


class _SentError(Exception):
    """Whoever waited for workers has sent what there is to do."""


def test_the_traces_of_what_a_sweep_sends_begin_too(
    ledger: Ledger, roots: list[tuple[str, str]], tmp_path: Path
) -> None:
    sweep = SweepSpec(**spec({"name": "min_spread_bps", "start": 10, "stop": 20, "num": 2}))

    def once_sent(progress: Progress | None = None) -> None:
        if progress is None or progress.queued:
            raise _SentError

    with pytest.raises(_SentError):
        ask_workers(sweep, ledger, once_sent, print)
    [(question, queue)] = roots
    assert (question[:15], queue) == ("sweep-question-", CHUNKS.queue)
    folder = SweepFolder(tmp_path, "id")
    with folder.exclusively(), pytest.raises(_SentError):
        Collector(MissingRows(sweep, folder, None), "0" * 64, ledger, once_sent).run(1)
    assert roots[1:] == [("id.0-1", CHUNKS.queue), ("id.1-2", CHUNKS.queue)]


def test_an_attempt_is_told_as_the_ledger_has_noted_it(
    ledger: Ledger, told: list[dict[str, Any]]
) -> None:
    job_id, start = started(ledger)
    requeue(ledger, job_id, start)
    traces.attempts_lost(ledger, {job_id: "retry"})
    [attempt] = told
    assert attempt["began_ns"] <= attempt["ended_ns"]
    del attempt["began_ns"], attempt["ended_ns"]
    assert attempt == {
        "job_id": job_id,
        "start": (start.holder.generation, start.holder.start),
        "number": 1,
        "outcome": "retry",
        "error": ERROR,
        "queue": JOBS.queue,
        "worker": "w",
    }


def test_nothing_is_told_of_a_job_that_never_started(
    ledger: Ledger, told: list[dict[str, Any]]
) -> None:
    job = submission(JOB, str(uuid.uuid4()))
    ledger.submit([job], JOBS)
    traces.attempts_lost(ledger, {job.job_id: "retry", "unknown": "retry"})
    ledger.cancel(job.job_id, cancelled_meta(job.job_id))
    traces.attempt_cancelled(ledger, job.job_id)
    assert told == []


def test_a_cancelled_job_has_an_attempt_where_it_ran(
    ledger: Ledger, told: list[dict[str, Any]]
) -> None:
    ran, _ = started(ledger)
    waited, start = started(ledger)
    requeue(ledger, waited, start)
    for job_id in (ran, waited):
        ledger.cancel(job_id, cancelled_meta(job_id))
        traces.attempt_cancelled(ledger, job_id)
    assert [(one["job_id"], one["outcome"]) for one in told] == [(ran, "cancelled")]
    assert told[0]["worker"] == worker_id()


def test_the_reconciler_tells_of_those_whose_worker_died(
    own_redis_url: str, told: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "server_uptime_s", lambda _: 1e6)
    client = redis.Redis.from_url(own_redis_url)
    ledger = ledger_at(own_redis_url)
    clock = iter(range(0, 10_000, 1000))  # a lease has passed whenever it looks
    reconciler = Reconciler(ledger, Settings(max_worker_deaths=2), lambda: next(clock))
    job_id, _ = started(ledger)
    client.zadd("arbtune:jobs:running", {job_id: 1})  # its lease is gone
    reconciler._judge_leases()
    assert ledger.start(job_id, "w", "", JOBS) is not None
    client.zadd("arbtune:jobs:running", {job_id: 1})
    reconciler._judge_leases()
    assert [(one["job_id"], one["outcome"]) for one in told] == [
        (job_id, "retry"),
        (job_id, "dead_letter"),
    ]
    assert told[0]["start"] != told[1]["start"]


def test_a_trace_that_fails_harms_nobody(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(traces, "_spans", SimpleNamespace)  # which can nothing
    with caplog.at_level(logging.WARNING):
        job_id, _ = started(ledger)
        traces.attempt_cancelled(ledger, job_id)
    assert [record.message for record in caplog.records] == ["traces.failed"]


def test_without_the_package_one_sentence_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(traces.SWITCHES[0], "http://127.0.0.1:9")
    monkeypatch.delattr(trace, "spans", raising=False)  # of a test before
    monkeypatch.setitem(sys.modules, "worker.operating.trace.spans", None)
    undecided = traces._spans.__wrapped__
    with caplog.at_level(logging.WARNING):
        assert undecided() is None
    [record] = caplog.records
    assert "pip install 'arbtune[traces]'" in record.message


@pytest.mark.parametrize(
    "switch", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}]
)
def test_the_standard_switches_them_off(
    switch: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(traces.SWITCHES[0], "http://127.0.0.1:9")
    for name, value in switch.items():
        monkeypatch.setenv(name, value)
    assert traces._spans.__wrapped__() is None
