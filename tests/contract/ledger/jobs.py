"""Jobs of these tests, what becomes of them, and what a look at the server tells of them."""

from __future__ import annotations

import json
import uuid
from typing import Any

import redis

from arbitrage.documents.result import ErrorRecord, record_of
from worker.ledger.celery_meta import failed_meta, success_meta
from worker.ledger.envelope import Route, job_message
from worker.ledger.ledger import Holder, Ledger, Outcome, State, Submission
from worker.ledger.names import (
    RESULT_KEY,
)

LEASE_S = 600  # longer than any of these tests may take
ROUTE = Route("contract-task", "contract-queue")
ERROR = record_of("OSError", "stale file handle", is_retryable=True, attempts=1)
PAYLOAD = {b"config", b"error", b"history"}  # what may be large of a record
LOST: ErrorRecord = {"type": "WorkerLostError", "message": "the worker died", "retryable": True}


def new_job(config: str = '{"a":1}') -> Submission:
    job_id = str(uuid.uuid4())
    return Submission(job_id, config, f"message of {job_id}")


def started(ledger: Ledger, job: Submission, worker: str = "w1") -> Holder:
    start = ledger.start(job.job_id, worker, job.config, ROUTE)
    assert start is not None
    return start.holder


def success(job: Submission, result: Any = "done") -> Outcome:
    return Outcome(State.SUCCESS, success_meta(job.job_id, result))


def failure(job: Submission) -> Outcome:
    return Outcome(State.ERROR, failed_meta(job.job_id, ERROR), ERROR)


def state_of(ledger: Ledger, job: Submission) -> State | None:
    record = ledger.record(job.job_id)
    return None if record is None else record.state


def result_status(client: redis.Redis, job: Submission) -> str | None:
    value: Any = client.get(RESULT_KEY.format(job.job_id))
    return None if value is None else json.loads(value)["status"]


def now_ms(client: redis.Redis) -> int:
    """The server's clock."""
    seconds, microseconds = client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000


def messages(client: redis.Redis) -> list[str]:
    """The queue's messages, the next one first."""
    values: Any = client.lrange(ROUTE.queue, 0, -1)
    return [value.decode() for value in reversed(values)]


def dead_letter(ledger: Ledger, client: redis.Redis, worker: str = "w1") -> Submission:
    """A job that failed at each of its two attempts."""
    job = real_job()
    ledger.submit([job], ROUTE)
    first = started(ledger, job, worker)
    assert ledger.requeue(job.job_id, first, failure(job), max_attempts=2) == "queued"
    client.hdel(f"arbtune:job:{job.job_id}", "due_ms")  # its time has come
    second = started(ledger, job, worker)
    assert ledger.requeue(job.job_id, second, failure(job), max_attempts=2) == "error"
    return job


def lease_ended(client: redis.Redis, job: Submission) -> None:
    client.zadd("arbtune:jobs:running", {job.job_id: 1})


def real_job(number: int = 0) -> Submission:
    """A job whose message can be read from the queue."""
    job_id = f"real-{number}-{uuid.uuid4()}"
    return Submission(job_id, "{}", job_message(job_id, "{}", ROUTE))
