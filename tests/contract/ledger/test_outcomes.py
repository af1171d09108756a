"""Each job has one outcome."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis

from tests.conftest import wait_until
from tests.contract.ledger.jobs import (
    ROUTE,
    failure,
    new_job,
    result_status,
    started,
    state_of,
    success,
)
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.ledger import Holder, Ledger, Outcome, State
from worker.ledger.names import (
    RESULT_KEY,
)


def test_state_and_result_change_together(ledger: Ledger, client: redis.Redis) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    holder = started(ledger, job)
    assert ledger.finish(job.job_id, holder, success(job, {"n": 1})) == "success"
    assert state_of(ledger, job) is State.SUCCESS
    [meta] = ledger.results([job.job_id])
    assert meta is not None
    assert (meta["status"], meta["result"]) == ("SUCCESS", {"n": 1})
    assert 0 < client.ttl(RESULT_KEY.format(job.job_id)) <= 3600
    assert 0 < client.ttl(f"arbtune:job:{job.job_id}") <= 3600


@pytest.mark.parametrize("first", ["success", "failure", "cancel"])
def test_after_an_outcome_every_other_is_refused(
    ledger: Ledger, client: redis.Redis, first: str
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    holder = started(ledger, job)
    if first == "cancel":
        ledger.cancel(job.job_id, cancelled_meta(job.job_id))
    else:
        ledger.finish(job.job_id, holder, success(job) if first == "success" else failure(job))
    state, status = state_of(ledger, job), result_status(client, job)

    assert ledger.finish(job.job_id, holder, success(job)) == "refused"
    assert ledger.finish(job.job_id, holder, failure(job)) == "refused"
    assert ledger.requeue(job.job_id, holder, failure(job), max_attempts=3) == "refused"
    assert ledger.cancel(job.job_id, cancelled_meta(job.job_id)) is state
    assert (state_of(ledger, job), result_status(client, job)) == (state, status)


def test_waiting_clients_are_woken(ledger: Ledger, client: redis.Redis) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    listener: Any = client.pubsub(  # type: ignore[no-untyped-call]
        ignore_subscribe_messages=True
    )
    listener.subscribe(RESULT_KEY.format(job.job_id))
    listener.get_message(timeout=1)
    ledger.finish(job.job_id, started(ledger, job), success(job))
    heard: list[Any] = []

    def hear() -> bool:
        message = listener.get_message(timeout=0.1)
        heard.extend([message] if message else [])
        return bool(heard)

    wait_until(hear, "the result is published")
    assert json.loads(heard[0]["data"])["status"] == "SUCCESS"
    listener.close()


def test_a_failure_counts_only_from_whoever_holds_the_job(ledger: Ledger) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    started(ledger, job, "w1")
    assert ledger.finish(job.job_id, Holder("w2"), failure(job)) == "refused"
    assert ledger.finish(job.job_id, Holder("w1", 7, 1), failure(job)) == "refused"
    assert ledger.finish(job.job_id, Holder("w1"), failure(job)) == "error"


def test_a_late_success_counts_as_long_as_no_outcome_stands(ledger: Ledger) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    holder = started(ledger, job)
    ledger.requeue(job.job_id, holder, failure(job), max_attempts=3)
    assert ledger.finish(job.job_id, holder, failure(job)) == "refused"
    assert ledger.finish(job.job_id, holder, success(job)) == "success"
    assert ledger.due(10) == []


def test_a_job_that_the_ledger_never_met_is_not_cancelled(ledger: Ledger) -> None:
    job = new_job()
    assert ledger.cancel(job.job_id, cancelled_meta(job.job_id)) is State.UNKNOWN
    assert ledger.record(job.job_id) is None


@pytest.mark.parametrize("state", [State.ERROR, State.CANCELLED])
def test_a_foreign_job_that_ended_before_it_started_has_one_outcome_too(
    ledger: Ledger, client: redis.Redis, state: State
) -> None:
    job = new_job()
    outcome = failure(job) if state is State.ERROR else Outcome(state, cancelled_meta(job.job_id))
    assert ledger.finish(job.job_id, Holder("w1"), outcome) == state
    status = result_status(client, job)
    assert (state_of(ledger, job), status) == (state, outcome.meta["status"])
    assert ledger.newest(state, 5) == [job.job_id]
    assert 0 < client.ttl(f"arbtune:job:{job.job_id}") <= 3600
    assert ledger.start(job.job_id, "w2", job.config, ROUTE) is None, "delivered once more"
    assert ledger.finish(job.job_id, Holder("w2", 1, 1), success(job)) == "refused"
    assert (state_of(ledger, job), result_status(client, job)) == (state, status)


@pytest.mark.parametrize("state", [State.ERROR, State.CANCELLED])
def test_an_end_before_the_start_does_not_touch_what_started_elsewhere(
    ledger: Ledger, state: State
) -> None:
    job = new_job()
    holder = started(ledger, job, "w2")
    outcome = failure(job) if state is State.ERROR else Outcome(state, cancelled_meta(job.job_id))
    assert ledger.finish(job.job_id, Holder("w1"), outcome) == "refused"
    assert ledger.finish(job.job_id, holder, success(job)) == "success"
    assert ledger.finish(job.job_id, Holder("w1"), outcome) == "refused"
