"""Submitting a job, and its one start."""

from __future__ import annotations

import threading

import redis

from tests.contract.ledger.jobs import (
    ROUTE,
    messages,
    new_job,
    result_status,
    started,
    state_of,
    success,
)
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.ledger import Holder, Ledger, Start, State, Submission


def test_a_submitted_job_is_recorded_and_published_in_one_step(
    ledger: Ledger, client: redis.Redis
) -> None:
    first, second = new_job(), new_job()
    assert ledger.submit([first, second], ROUTE) == ["queued", "queued"]
    assert messages(client) == [first.message, second.message]
    record = ledger.record(first.job_id)
    assert record is not None
    assert (record.state, record.attempts, record.generation) == (State.QUEUED, 0, 1)
    assert record.config == {"a": 1}


def test_the_same_job_again_is_published_once(ledger: Ledger, client: redis.Redis) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    assert ledger.submit([job], ROUTE) == ["open"]
    assert messages(client) == [job.message]


def test_another_job_under_an_open_id_is_refused(ledger: Ledger, client: redis.Redis) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    other = Submission(job.job_id, '{"a":2}', "another message")
    assert ledger.submit([other], ROUTE) == ["taken"]
    assert messages(client) == [job.message]
    record = ledger.record(job.job_id)
    assert record is not None
    assert record.config == {"a": 1}


def test_a_finished_id_opens_the_next_generation_without_its_old_result(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    old = started(ledger, job)
    ledger.finish(job.job_id, old, success(job))
    assert ledger.submit([job], ROUTE) == ["queued"]
    assert result_status(client, job) is None
    record = ledger.record(job.job_id)
    assert record is not None
    assert (record.state, record.generation, record.attempts) == (State.QUEUED, 2, 0)
    assert client.ttl(f"arbtune:job:{job.job_id}") == -1, "an open job has no lifetime"
    assert ledger.finish(job.job_id, old, success(job)) == "refused", "of the last generation"


def test_a_delivery_starts_a_queued_job(ledger: Ledger) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    assert started(ledger, job) == Holder("w1", start=1, generation=1)
    assert state_of(ledger, job) is State.RUNNING


def test_a_second_delivery_is_dropped_while_the_job_runs_and_after_it_ended(
    ledger: Ledger,
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    holder = started(ledger, job)
    assert ledger.start(job.job_id, "w2", job.config, ROUTE) is None
    ledger.finish(job.job_id, holder, success(job))
    assert ledger.start(job.job_id, "w2", job.config, ROUTE) is None


def test_of_many_workers_that_start_a_job_at_once_one_does(quiet_url: str) -> None:
    job = new_job()
    starts: list[Start | None] = []
    barrier = threading.Barrier(8)

    def race(name: str) -> None:
        own = Ledger(redis.Redis.from_url(quiet_url), result_ttl_s=60, lease_s=15)
        barrier.wait()
        starts.append(own.start(job.job_id, name, job.config, ROUTE))

    threads = [threading.Thread(target=race, args=(f"w{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([start for start in starts if start is not None]) == 1


def test_a_foreign_job_enters_the_ledger_when_it_starts(ledger: Ledger) -> None:
    job = new_job()
    assert ledger.record(job.job_id) is None
    assert started(ledger, job) == Holder("w1", start=1, generation=1)
    record = ledger.record(job.job_id)
    assert record is not None
    assert (record.state, record.config) == (State.RUNNING, {"a": 1})


def test_a_message_of_an_older_generation_runs_the_config_of_the_new_one(ledger: Ledger) -> None:
    old = new_job('{"bps":10}')
    ledger.submit([old], ROUTE)
    ledger.cancel(old.job_id, cancelled_meta(old.job_id))
    ledger.submit([Submission(old.job_id, '{"bps":40}', "message")], ROUTE)
    start = ledger.start(old.job_id, "w1", '{"bps":10}', ROUTE)
    assert start is not None
    assert (start.config, start.holder.generation) == ('{"bps":40}', 2)
