"""Jobs that used up their attempts."""

from __future__ import annotations

import redis

from tests.contract.ledger.jobs import (
    ERROR,
    ROUTE,
    dead_letter,
    failure,
    messages,
    new_job,
    result_status,
    started,
    state_of,
    success,
)
from worker.ledger.ledger import Ledger, State


def test_a_job_that_used_up_its_attempts_is_a_dead_letter_without_a_lifetime(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = dead_letter(ledger, client)
    assert ledger.dead(10) == [job.job_id]
    assert (state_of(ledger, job), result_status(client, job)) == (State.ERROR, "FAILURE")
    assert client.ttl(f"arbtune:job:{job.job_id}") == -1
    record = ledger.record(job.job_id)
    assert record is not None
    assert (record.config, record.error, record.attempts) == ({}, ERROR, 2)
    assert [(entry.start, entry.worker, entry.error) for entry in record.history] == [
        (1, "w1", ERROR),
        (2, "w1", ERROR),
    ]
    assert all(entry.started_at <= entry.ended_at for entry in record.history)


def test_a_failure_that_leaves_attempts_unused_is_not_a_dead_letter(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    ledger.finish(job.job_id, started(ledger, job), failure(job))
    assert ledger.dead(10) == []
    assert client.ttl(f"arbtune:job:{job.job_id}") > 0
    assert ledger.reopen(job.job_id, "message") == "refused"
    assert ledger.purge([job.job_id]) == 0
    assert state_of(ledger, job) is State.ERROR


def test_a_retried_letter_starts_anew_under_its_id_and_keeps_its_history(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = dead_letter(ledger, client)
    client.delete(ROUTE.queue)
    payload = ledger.payload(job.job_id)
    assert payload == (job.config, ROUTE, "")
    assert ledger.reopen(job.job_id, "again") == "queued"
    assert ledger.reopen(job.job_id, "again") == "refused"
    assert messages(client) == ["again"]
    assert (ledger.dead(10), result_status(client, job)) == ([], None)
    record = ledger.record(job.job_id)
    assert record is not None
    assert (record.state, record.generation, record.attempts) == (State.QUEUED, 2, 0)
    assert (record.error, len(record.history)) == (None, 2)
    holder = started(ledger, job)
    assert ledger.requeue(job.job_id, holder, failure(job), max_attempts=1) == "error"
    record = ledger.record(job.job_id)
    assert record is not None
    assert [(entry.generation, entry.start) for entry in record.history] == [(1, 1), (1, 2), (2, 1)]


def test_of_a_letter_that_is_retried_over_and_over_the_latest_attempts_are_kept(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = dead_letter(ledger, client)
    for _ in range(60):
        ledger.reopen(job.job_id, "again")
        ledger.requeue(job.job_id, started(ledger, job), failure(job), max_attempts=1)
    record = ledger.record(job.job_id)
    assert record is not None
    assert [entry.generation for entry in record.history] == list(range(12, 62))
    assert {(entry.worker, entry.error["type"]) for entry in record.history} == {("w1", "OSError")}


def test_a_purged_letter_is_gone_with_its_result(ledger: Ledger, client: redis.Redis) -> None:
    first, second = dead_letter(ledger, client), dead_letter(ledger, client)
    assert ledger.purge([first.job_id, "no-such-job"]) == 1
    assert ledger.dead(10) == [second.job_id]
    assert (ledger.record(first.job_id), result_status(client, first)) == (None, None)
    assert ledger.counts()[State.ERROR] == 1
    assert ledger.reopen(first.job_id, "message") == "unknown"


def test_a_letter_whose_id_is_submitted_again_is_a_letter_no_more(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = dead_letter(ledger, client)
    assert ledger.submit([job], ROUTE) == ["queued"]
    assert ledger.dead(10) == []
    ledger.finish(job.job_id, started(ledger, job), success(job))
    assert client.ttl(f"arbtune:job:{job.job_id}") > 0
