"""What Celery hands over of a failed job, as the record that is kept: a kind a test."""

from __future__ import annotations

import pytest
import redis
from celery.exceptions import TimeLimitExceeded, WorkerLostError

from worker.running.delivery.error_records import failure_record
from worker.running.jobs.job import JobFailedError

LIMIT_S = 10.0
OOM = ", as a library does that is out of memory (ARBTUNE_JOB_MEMORY_BYTES)"


@pytest.mark.parametrize(
    ("error", "kind", "message", "retryable"),
    [
        (
            WorkerLostError("Worker exited prematurely: signal 9 (SIGKILL) Job: 0."),
            "WorkerLostError",
            "the process that ran the job died: signal 9 (SIGKILL)",
            True,
        ),
        (
            WorkerLostError("signal 6 (SIGABRT)"),
            "WorkerLostError",
            f"the process that ran the job died: signal 6 (SIGABRT){OOM}",
            True,
        ),
        (WorkerLostError("gone"), "WorkerLostError", "the process that ran the job died", True),
        (
            TimeLimitExceeded(LIMIT_S),
            "TimeLimitExceeded",
            "the job ran longer than 10 s (ARBTUNE_JOB_TIME_LIMIT_S)",
            False,
        ),
        (
            TimeLimitExceeded(3),
            "TimeLimitExceeded",
            "the job ran longer than 3 s (its message's own time limit)",
            False,
        ),
        (
            redis.ReadOnlyError("a replica"),
            "ReadOnlyError",
            "the ledger could not be reached: a replica",
            True,
        ),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError", "division by zero", False),
    ],
)
def test_a_failure_has_a_record(
    error: Exception, kind: str, message: str, *, retryable: bool
) -> None:
    assert failure_record(error, 2, LIMIT_S) == {
        "type": kind,
        "message": message,
        "retryable": retryable,
        "attempts": 2,
    }


def test_what_the_child_has_said_stands() -> None:
    error = JobFailedError({"type": "X", "message": "it is bad", "retryable": False, "attempts": 1})
    assert failure_record(error, 3, LIMIT_S) == {**error.record, "attempts": 3}
