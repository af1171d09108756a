"""Messages that are gone, told from those that wait."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from tests.contract.ledger.jobs import (
    ROUTE,
    real_job,
    started,
)
from worker.ledger.envelope import Route, job_message
from worker.ledger.ledger import Ledger


def test_a_job_that_waits_behind_others_is_not_suspect(ledger: Ledger) -> None:
    jobs = [real_job(number) for number in range(20)]
    ledger.submit(jobs, ROUTE)
    assert ledger.suspects(100) == set()


@pytest.mark.parametrize("others", [0, 3])
def test_a_job_whose_message_is_gone_is_suspect_and_published_again_once(
    ledger: Ledger, client: redis.Redis, others: int
) -> None:
    lost = real_job()
    ledger.submit([lost], ROUTE)
    client.delete(ROUTE.queue)
    client.zadd(f"arbtune:waiting:{ROUTE.queue}", {lost.job_id: 1})  # a while ago
    ledger.submit([real_job(number) for number in range(others)], ROUTE)
    assert ledger.suspects(100) == {lost.job_id}
    ledger.make_due([lost.job_id])
    assert ledger.suspects(100) == set(), "it is due now"
    [(job_id, config, route, canvas)] = ledger.due(10)
    ledger.publish(job_id, job_message(job_id, config, route, canvas))
    assert client.llen(ROUTE.queue) == others + 1
    assert ledger.suspects(100) == set()


def test_a_head_that_is_left_over_makes_nothing_suspect(
    ledger: Ledger, client: redis.Redis
) -> None:
    waits, done = real_job(1), real_job(2)
    ledger.submit([waits], ROUTE)
    client.zadd(f"arbtune:waiting:{ROUTE.queue}", {waits.job_id: 1})
    ledger.submit([done], ROUTE)
    started(ledger, done)
    client.rpush(ROUTE.queue, done.message)  # its message once more, in front of all
    assert ledger.suspects(100) == set()


def test_a_lost_message_is_found_however_many_wait_in_another_queue(
    ledger: Ledger, client: redis.Redis
) -> None:
    ledger.submit([real_job(number) for number in range(20)], ROUTE)
    other = Route("contract-task", "another-queue")
    lost = real_job()
    ledger.submit([lost], other)
    client.delete(other.queue)
    assert ledger.suspects(5) == {lost.job_id}


def test_rubbish_at_the_head_of_the_queue_makes_nothing_suspect(
    ledger: Ledger, client: redis.Redis
) -> None:
    ledger.submit([real_job()], ROUTE)
    for rubbish in ("no json", "[]", '{"headers": 5}', '{"headers": {}}'):
        client.delete(ROUTE.queue)
        client.lpush(ROUTE.queue, rubbish)
        assert ledger.suspects(100) == set()


def test_a_clock_that_is_put_back_makes_nothing_suspect(
    ledger: Ledger, client: redis.Redis
) -> None:
    """Jobs of an hour that is yet to come stand in the queue, and newer ones behind them."""
    jobs = [real_job(number) for number in range(10)]
    ledger.submit(jobs[:5], ROUTE)
    waiting = f"arbtune:waiting:{ROUTE.queue}"
    for job in jobs[:5]:
        client.zincrby(waiting, 3_600_000, job.job_id)
    ledger.submit(jobs[5:], ROUTE)
    ids: Any = client.zrange(waiting, 0, -1)
    assert [job_id.decode() for job_id in ids] == [job.job_id for job in jobs]
    assert ledger.suspects(100) == set()
    client.lrem(ROUTE.queue, 1, jobs[1].message)
    for job in (jobs[0], jobs[2]):
        client.rpop(ROUTE.queue)
        started(ledger, job)
    assert ledger.suspects(100) == {jobs[1].job_id}


def test_a_lost_message_behind_a_foreign_backlog_that_never_ends_is_found(
    ledger: Ledger, client: redis.Redis
) -> None:
    foreign = [real_job(number) for number in range(200)]
    here, lost = real_job(1), real_job(2)
    found = []
    client.lpush(ROUTE.queue, *(job.message for job in foreign[:50]))
    ledger.submit([lost], ROUTE)
    client.lrem(ROUTE.queue, 1, lost.message)
    for number in range(100):  # one is taken and another one comes
        client.rpop(ROUTE.queue)
        started(ledger, foreign[number])
        client.lpush(ROUTE.queue, foreign[number + 50].message)
        found.append(ledger.suspects(100))
    first = found.index({lost.job_id})
    assert found[:first] == [set()] * first
    assert first >= 50, "not before what was published before it has been taken"
    assert found[first:] == [{lost.job_id}] * (len(found) - first), "twice in a row, and more"
    ledger.make_due([lost.job_id])
    ledger.submit([here], ROUTE)
    assert ledger.suspects(100) == set()
    assert 0 < client.zcard(f"arbtune:marks:{ROUTE.queue}") <= 16
    assert 0 < client.ttl(f"arbtune:marks:{ROUTE.queue}") <= 86_400


def test_jobs_behind_a_foreign_backlog_whose_clock_is_put_back_are_not_suspect(
    ledger: Ledger, client: redis.Redis
) -> None:
    foreign = [real_job(number) for number in range(10)]
    client.lpush(ROUTE.queue, *(job.message for job in foreign[:2]))
    ledger.submit([real_job(0)], ROUTE)
    client.lpush(ROUTE.queue, foreign[2].message)
    assert ledger.suspects(100) == set()
    marks = f"arbtune:marks:{ROUTE.queue}"
    client.zincrby(marks, 3_600_000, foreign[2].job_id)  # marked before the clock was put back
    ledger.submit([real_job(1)], ROUTE)
    client.lpush(ROUTE.queue, foreign[3].message)
    scores: Any = client.zrange(f"arbtune:waiting:{ROUTE.queue}", 0, -1, withscores=True)
    assert scores[-1][1] > client.zscore(marks, foreign[2].job_id)
