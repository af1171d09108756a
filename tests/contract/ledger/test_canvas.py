"""What comes after a job of a canvas."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from tests.contract.ledger.jobs import (
    ROUTE,
    failure,
    messages,
    new_job,
    started,
    state_of,
    success,
)
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.ledger import Holder, Ledger, Outcome, State

CANVAS = '{"headers": {}, "embed": {"chain": []}}'


def owed_now(ledger: Ledger, client: redis.Redis) -> list[str]:
    ids: Any = client.zrange("arbtune:owed", 0, -1)
    if ids:
        client.zadd("arbtune:owed", dict.fromkeys(ids, 1))  # their time has come
    return ledger.owed(10)


@pytest.mark.parametrize("outcome", [State.SUCCESS, State.ERROR, State.CANCELLED])
def test_what_comes_after_a_foreign_job_is_owed_from_its_outcome_until_it_is_settled(
    ledger: Ledger, client: redis.Redis, outcome: State
) -> None:
    job = new_job()
    start = ledger.start(job.job_id, "w1", job.config, ROUTE, CANVAS)
    assert start is not None
    ledger.give_back("w1", [job.job_id])
    assert ledger.due(10) == [(job.job_id, job.config, ROUTE, CANVAS)], "it goes out again"
    ledger.publish(job.job_id, "again")
    holder = started(ledger, job)
    assert owed_now(ledger, client) == []
    if outcome is State.CANCELLED:
        ledger.cancel(job.job_id, cancelled_meta(job.job_id))
    else:
        ended = success(job) if outcome is State.SUCCESS else failure(job)
        ledger.finish(job.job_id, holder, ended)
    assert owed_now(ledger, client) == [job.job_id]
    kept = ledger.canvas(job.job_id)
    assert kept is not None
    assert kept[:2] == (CANVAS, outcome)
    ledger.settled(job.job_id)
    assert (owed_now(ledger, client), ledger.canvas(job.job_id)) == ([], None)


def test_a_job_that_ends_before_it_starts_is_owed_what_comes_after_too(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    outcome = Outcome(State.CANCELLED, cancelled_meta(job.job_id), canvas=CANVAS)
    ledger.finish(job.job_id, Holder("w1"), outcome)
    assert owed_now(ledger, client) == [job.job_id]


def test_a_job_without_a_canvas_is_owed_nothing(ledger: Ledger, client: redis.Redis) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    ledger.finish(job.job_id, started(ledger, job), success(job))
    assert owed_now(ledger, client) == []


def test_a_dead_letter_keeps_what_comes_after_for_its_retry(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    start = ledger.start(job.job_id, "w1", job.config, ROUTE, CANVAS)
    assert start is not None
    ledger.requeue(job.job_id, start.holder, failure(job), max_attempts=1)
    assert owed_now(ledger, client) == [job.job_id]
    ledger.settled(job.job_id)
    assert ledger.payload(job.job_id) == (job.config, ROUTE, CANVAS)
    ledger.reopen(job.job_id, "again")
    ledger.finish(job.job_id, started(ledger, job), success(job))
    assert owed_now(ledger, client) == [job.job_id]


def test_the_next_of_a_canvas_is_known_before_it_is_published(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    ledger.expect(job.job_id, job.config, ROUTE, CANVAS)
    assert state_of(ledger, job) is State.QUEUED
    assert messages(client) == []
    assert ledger.suspects(10) == {job.job_id}, "nobody has published it"
    ledger.make_due([job.job_id])
    assert ledger.due(10) == [(job.job_id, job.config, ROUTE, CANVAS)]
    holder = started(ledger, job)
    assert holder.start == 1
    ledger.finish(job.job_id, holder, success(job))
    ledger.expect(job.job_id, job.config, ROUTE, CANVAS)
    assert state_of(ledger, job) is State.SUCCESS, "once"
