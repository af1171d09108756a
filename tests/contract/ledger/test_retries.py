"""A failed attempt, a lost child and a worker that stops: when the job is tried again."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from tests.contract.ledger.jobs import (
    ERROR,
    LOST,
    ROUTE,
    failure,
    lease_ended,
    messages,
    new_job,
    now_ms,
    started,
    state_of,
    success,
)
from worker.ledger.ledger import Holder, Ledger, State


def test_a_retry_waits_for_its_time_and_is_published_once(
    ledger: Ledger, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for delay in ("RETRY_BASE_MS", "RETRY_CAP_MS"):
        monkeypatch.setattr(f"worker.ledger.retries.{delay}", 3_600_000)
    job = new_job()
    ledger.submit([job], ROUTE)
    client.delete(ROUTE.queue)
    assert (
        ledger.requeue(job.job_id, started(ledger, job), failure(job), max_attempts=3) == "queued"
    )
    assert ledger.due(10) == [], "not yet"
    assert ledger.start(job.job_id, "w2", job.config, ROUTE) is None, "nor by a doubled delivery"
    record = ledger.record(job.job_id)
    assert record is not None
    assert record.due_at is not None
    assert record.error == ERROR

    client.hset(f"arbtune:job:{job.job_id}", "due_ms", 1)
    client.zadd("arbtune:due", {job.job_id: 1})
    assert ledger.due(10) == [(job.job_id, job.config, ROUTE, "")]
    ledger.publish(job.job_id, "again")
    ledger.publish(job.job_id, "again")
    assert messages(client) == ["again"]
    assert started(ledger, job, "w2") == Holder("w2", start=2, generation=1)


def test_delays_double_with_jitter_up_to_a_cap(
    ledger: Ledger, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.ledger.retries.RETRY_BASE_MS", 100_000)
    monkeypatch.setattr("worker.ledger.retries.RETRY_CAP_MS", 350_000)
    for attempts, full_ms in enumerate((100_000, 200_000, 350_000)):
        job = new_job()
        ledger.submit([job], ROUTE)
        client.hset(f"arbtune:job:{job.job_id}", "starts", attempts)
        before_ms = now_ms(client)
        ledger.requeue(job.job_id, started(ledger, job), failure(job), max_attempts=9)
        due_ms: Any = client.zscore("arbtune:due", job.job_id)
        assert before_ms + full_ms / 2 <= due_ms <= now_ms(client) + full_ms


def test_a_success_after_a_retry_keeps_no_error(ledger: Ledger) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    holder = started(ledger, job)
    ledger.requeue(job.job_id, holder, failure(job), max_attempts=3)
    ledger.finish(job.job_id, holder, success(job))
    record = ledger.record(job.job_id)
    assert record is not None
    assert record.error is None


def test_deaths_of_workers_do_not_use_up_attempts(ledger: Ledger, client: redis.Redis) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    client.hset(f"arbtune:job:{job.job_id}", mapping={"starts": 2, "deaths": 2})
    assert (
        ledger.requeue(job.job_id, started(ledger, job), failure(job), max_attempts=2) == "queued"
    )


def test_a_job_whose_child_died_before_it_started_is_published_again(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    client.delete(ROUTE.queue)  # the message went to the dead child
    assert ledger.requeue(job.job_id, Holder("w1"), failure(job), max_attempts=3) == "queued"
    assert ledger.due(10) == [(job.job_id, job.config, ROUTE, "")]


def test_what_a_worker_gives_back_is_due_at_once_and_was_no_attempt(ledger: Ledger) -> None:
    held, other = new_job(), new_job()
    ledger.submit([held, other], ROUTE)
    started(ledger, held, "w1")
    started(ledger, other, "w2")
    assert ledger.give_back("w1", [held.job_id, other.job_id]) == [held.job_id]
    record = ledger.record(held.job_id)
    assert record is not None
    assert (record.state, record.attempts) == (State.QUEUED, 0)
    assert [job_id for job_id, *_ in ledger.due(10)] == [held.job_id]
    assert state_of(ledger, other) is State.RUNNING


def test_a_start_that_was_given_back_can_be_told_from_the_next(ledger: Ledger) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    first = started(ledger, job)
    ledger.give_back("w1", [job.job_id])
    start = ledger.start(job.job_id, "w1", job.config, ROUTE)
    assert start is not None
    assert (start.holder.start, start.attempts) == (2, 1)
    assert ledger.finish(job.job_id, first, failure(job)) == "refused"


def test_a_worker_that_was_cut_off_gives_back_what_has_lapsed_meanwhile(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    started(ledger, job, "cut off")
    lease_ended(client, job)
    ledger.lapse(10, LOST, max_deaths=5)
    started(ledger, job, "next")
    for _ in range(2):
        assert ledger.give_back("cut off", [job.job_id]) == []
        record = ledger.record(job.job_id)
        assert record is not None
        assert (record.state, record.worker, record.attempts) == (State.RUNNING, "next", 1)
    lease_ended(client, job)
    assert ledger.lapse(10, LOST, max_deaths=2) == [(job.job_id, "queued", "next")], "the first"
