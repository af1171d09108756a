"""What Celery reports of a job, and what the ledger makes of it."""

from __future__ import annotations

import pytest
from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery.app.task import Context
from kombu.exceptions import DecodeError

from tests.conftest import JOB, ledger_at
from worker.celery_app import app
from worker.client.jobs.sending import send, submission
from worker.ledger.envelope import JOBS
from worker.ledger.ledger import Ledger, State
from worker.running.delivery.result_backend import LedgerBackend


@pytest.fixture
def ledger(own_redis_url: str) -> Ledger:
    return ledger_at(own_redis_url)


@pytest.fixture
def backend(ledger: Ledger, own_redis_url: str) -> LedgerBackend:
    """That of a worker's main process."""
    built = LedgerBackend(app=app, url=own_redis_url)
    built.ledger = ledger
    return built


def reported(backend: LedgerBackend, ledger: Ledger, error: Exception) -> str:
    """The id of a job that waits, and of which Celery has reported this."""
    [[job_id]] = send(ledger, [submission(JOB)])
    info = {"exchange": "", "routing_key": JOBS.queue}
    request = Context({"id": job_id, "task": JOBS.task, "delivery_info": info})
    backend.mark_as_failure(job_id, error, request=request)
    return job_id


def test_what_no_child_can_read_ends_as_a_failure(backend: LedgerBackend, ledger: Ledger) -> None:
    job_id = reported(backend, ledger, DecodeError("Unsupported type"))
    record = ledger.record(job_id)
    assert record is not None
    assert (record.state, record.attempts) == (State.ERROR, 1)
    assert record.error is not None
    assert record.error["message"] == "the message of the job cannot be read: Unsupported type"


@pytest.mark.parametrize("error", [TimeLimitExceeded(3), WorkerLostError("killed")])
def test_what_may_come_late_is_no_failure_of_a_job_that_waits(
    error: Exception, backend: LedgerBackend, ledger: Ledger
) -> None:
    assert ledger.states([reported(backend, ledger, error)]) == [State.QUEUED]
