"""Jobs that are cancelled or forgotten."""

from __future__ import annotations

import json
from typing import Any

import redis

from tests.contract.ledger.jobs import (
    LEASE_S,
    PAYLOAD,
    ROUTE,
    dead_letter,
    new_job,
    now_ms,
    result_status,
    started,
    state_of,
    success,
)
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.ledger import Ledger, State
from worker.ledger.names import (
    RESULT_KEY,
)


def test_a_cancelled_job_never_starts(ledger: Ledger, client: redis.Redis) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    assert ledger.cancel(job.job_id, cancelled_meta(job.job_id)) is State.CANCELLED
    assert ledger.start(job.job_id, "w1", job.config, ROUTE) is None
    assert result_status(client, job) == "REVOKED"


def test_a_worker_learns_from_its_renewal_that_a_job_was_cancelled(ledger: Ledger) -> None:
    runs, waits, ended, cancelled = jobs = [new_job() for _ in range(4)]
    ledger.submit(jobs, ROUTE)
    for job in (runs, ended, cancelled):
        holder = started(ledger, job)
        if job is ended:
            ledger.finish(job.job_id, holder, success(job))
    ledger.cancel(cancelled.job_id, cancelled_meta(cancelled.job_id))
    assert ledger.renew("w1", [job.job_id for job in jobs]) == [cancelled.job_id]
    assert state_of(ledger, waits) is State.QUEUED


def test_a_renewal_extends_the_lease(ledger: Ledger, client: redis.Redis) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    started(ledger, job)
    client.zadd("arbtune:jobs:running", {job.job_id: 1})
    before_ms = now_ms(client)
    ledger.renew("w1", [job.job_id])
    score: Any = client.zscore("arbtune:jobs:running", job.job_id)
    assert before_ms <= score - LEASE_S * 1000 <= now_ms(client)


def test_a_forgotten_job_has_no_result_and_starts_by_no_late_delivery(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    ledger.finish(job.job_id, started(ledger, job), success(job))
    assert ledger.have_results([job.job_id]) == [True]
    ledger.forget([job.job_id])
    assert client.hgetall(f"arbtune:job:{job.job_id}").keys().isdisjoint(PAYLOAD)
    assert 86_000 < client.ttl(f"arbtune:job:{job.job_id}") <= 86_400, "longer than its result"
    assert ledger.have_results([job.job_id]) == [False]
    assert result_status(client, job) is None
    assert ledger.newest(State.SUCCESS, 5) == []
    assert ledger.start(job.job_id, "w2", job.config, ROUTE) is None
    assert ledger.submit([job], ROUTE) == ["queued"], "but it may be sent again"
    assert started(ledger, job).generation == 2


def test_a_letter_that_is_forgotten_stays_for_a_day_and_no_longer(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = dead_letter(ledger, client)
    ledger.forget([job.job_id])
    assert ledger.dead(10) == ledger.newest(State.ERROR, 10) == []
    assert client.hgetall(f"arbtune:job:{job.job_id}").keys().isdisjoint(PAYLOAD)
    assert 86_000 < client.ttl(f"arbtune:job:{job.job_id}") <= 86_400
    assert ledger.start(job.job_id, "w2", job.config, ROUTE) is None


def test_an_open_job_is_not_forgotten(ledger: Ledger) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    ledger.forget([job.job_id])
    assert state_of(ledger, job) is State.QUEUED
    started(ledger, job)


def test_a_job_that_was_cancelled_while_it_ran_starts_anew_when_its_child_is_ended(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    started(ledger, job)
    ledger.cancel(job.job_id, cancelled_meta(job.job_id))
    assert 0 < client.pttl(f"arbtune:ending:{job.job_id}") <= LEASE_S * 1000, (
        "its worker may be dead too"
    )
    assert ledger.submit([job], ROUTE) == ["queued"]
    assert ledger.start(job.job_id, "w2", job.config, ROUTE) is None, "its child still runs"
    assert client.zscore("arbtune:due", job.job_id) is not None, "so its message comes again"
    assert client.zscore(f"arbtune:waiting:{ROUTE.queue}", job.job_id) is None
    assert ledger.renew("w2", [job.job_id]) == [], "which is the other worker's to end"
    for _ in range(2):  # the first answer may have been lost
        assert ledger.renew("w1", [job.job_id]) == [job.job_id]
    ledger.ended("w2", [job.job_id])
    assert ledger.start(job.job_id, "w2", job.config, ROUTE) is None, "it was not w2's to end"
    ledger.ended("w1", [job.job_id])
    assert started(ledger, job, "w2").generation == 2


def test_a_submission_removes_the_result_of_a_job_that_the_ledger_never_met(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    client.set(RESULT_KEY.format(job.job_id), json.dumps(cancelled_meta(job.job_id)))
    ledger.submit([job], ROUTE)
    assert result_status(client, job) is None
