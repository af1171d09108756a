"""What the ledger answers; its keys, and a full server."""

from __future__ import annotations

from typing import Any

import fakeredis
import pytest
import redis

from tests.contract.ledger.jobs import (
    LOST,
    ROUTE,
    dead_letter,
    failure,
    new_job,
    now_ms,
    real_job,
    started,
    success,
)
from worker.ledger import names
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.ledger import Ledger, State
from worker.ledger.names import (
    COUNT_RUN_MS,
    COUNT_RUNS,
    COUNTERS_KEY,
    JOB_KEY,
    RUN_SECONDS,
)
from worker.operating.signs.presence import announce, own_presence
from worker.operating.signs.sweeps import SweepSign, tell


def test_jobs_are_counted_and_listed_by_state(ledger: Ledger) -> None:
    jobs = [new_job() for _ in range(4)]
    ledger.submit(jobs, ROUTE)
    ledger.finish(jobs[0].job_id, started(ledger, jobs[0]), success(jobs[0]))
    ledger.finish(jobs[1].job_id, started(ledger, jobs[1]), failure(jobs[1]))
    ledger.cancel(jobs[2].job_id, cancelled_meta(jobs[2].job_id))
    assert ledger.counts() == {
        State.QUEUED: 1,
        State.RUNNING: 0,
        State.SUCCESS: 1,
        State.ERROR: 1,
        State.CANCELLED: 1,
    }
    assert ledger.newest(State.SUCCESS, 5) == [jobs[0].job_id]
    assert ledger.newest(State.QUEUED, 5) == [jobs[3].job_id]


def test_records_of_several_jobs_come_in_one_round_trip_in_order(ledger: Ledger) -> None:
    known, unknown = new_job(), new_job()
    ledger.submit([known], ROUTE)
    first, second = ledger.records([unknown.job_id, known.job_id])
    assert first is None
    assert second is not None
    assert second.job_id == known.job_id


def test_every_key_has_a_lifetime_or_is_one_of_the_permanent_ones(
    ledger: Ledger, client: redis.Redis
) -> None:
    done, waiting = new_job(), new_job()
    ledger.submit([done, waiting], ROUTE)
    ledger.finish(done.job_id, started(ledger, done), success(done))
    keys: Any = client.keys("*")
    without = {key.decode() for key in keys if client.ttl(key) == -1}
    assert without == {
        ROUTE.queue,
        f"arbtune:job:{waiting.job_id}",
        "arbtune:jobs:queued",
        "arbtune:jobs:success",
        f"arbtune:waiting:{ROUTE.queue}",
        "arbtune:queues",
        "arbtune:counters",
    }


def test_every_key_has_a_name(ledger: Ledger, client: redis.Redis) -> None:
    cancelled, retried, last = jobs = [real_job(number) for number in range(3)]
    ledger.submit(jobs, ROUTE)
    started(ledger, cancelled)
    ledger.cancel(cancelled.job_id, cancelled_meta(cancelled.job_id))
    ledger.requeue(retried.job_id, started(ledger, retried), failure(retried), max_attempts=3)
    dead_letter(ledger, client)
    foreign = ledger.start("foreign", "w1", "{}", ROUTE, canvas="{}")
    assert foreign is not None
    ledger.finish("foreign", foreign.holder, success(last))
    ledger.lead("w1")
    client.rpush(ROUTE.queue, "a head that tells nothing")
    client.lpush(ROUTE.queue, last.message)
    ledger.suspects(1)  # which leaves a mark
    announce(client, own_presence(concurrency=1), [])
    tell(client, SweepSign("s", "quotes.csv", 9, 1, 0, 2, 6, "net_pnl_usd", None, 0.0, 1.0))
    beginnings = [
        held.removesuffix("{}") for name, held in vars(names).items() if name.endswith("_KEY")
    ]
    keys: Any = client.keys("*")
    found = {
        next((name for name in beginnings if key.startswith(name)), key)
        for key in map(bytes.decode, keys)
    }
    assert found == {*beginnings, ROUTE.queue}


@pytest.mark.parametrize(
    ("seconds", "bound"), [(5, "10"), (30, "60"), (200, "300"), (1_000, "inf")]
)
def test_a_run_counts_under_the_least_bound_that_holds_it(
    ledger: Ledger, client: redis.Redis, seconds: int, bound: str
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    holder = started(ledger, job)
    began_ms = now_ms(client) - seconds * 1000
    client.hset(JOB_KEY.format(job.job_id), "started_ms", began_ms)
    ledger.finish(job.job_id, holder, success(job))
    counted: Any = client.hgetall(COUNTERS_KEY)
    runs = {COUNT_RUNS.format(each).encode() for each in RUN_SECONDS}
    assert runs & counted.keys() == {COUNT_RUNS.format(bound).encode()}
    assert int(counted[COUNT_RUN_MS.encode()]) >= seconds * 1000


def test_a_full_server_refuses_new_jobs_and_brings_the_known_ones_to_their_end(
    ledger: Ledger, client: redis.Redis
) -> None:
    if isinstance(client, fakeredis.FakeRedis):
        pytest.skip("fakeredis is never full")
    done, fails, returned, gone, waits, revived = jobs = [real_job(number) for number in range(6)]
    ledger.submit(jobs, ROUTE)
    dead = dead_letter(ledger, client)
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            ledger.submit([new_job(), new_job()], ROUTE)
        assert ledger.reopen(dead.job_id, dead.message) == "queued"
        assert ledger.finish(done.job_id, started(ledger, done), success(done)) == "success"
        holder = started(ledger, fails)
        assert ledger.requeue(fails.job_id, holder, failure(fails), max_attempts=1) == "error"
        started(ledger, returned)
        assert ledger.renew("w1", [returned.job_id]) == []
        assert ledger.give_back("w1", [returned.job_id]) == [returned.job_id]
        started(ledger, gone)
        ledger.renew("w1", [gone.job_id], lease_s=-1)
        assert len(ledger.lapse(10, LOST, max_deaths=5)) == 1
        assert ledger.lead("w1")
        ledger.make_due([revived.job_id])
        ledger.publish(revived.job_id, revived.message)
        assert ledger.cancel(waits.job_id, cancelled_meta(waits.job_id)) is State.CANCELLED
        assert ledger.start("foreign", "w1", "{}", ROUTE) is not None
    finally:
        client.config_set("maxmemory", 0)
    assert ledger.counts()[State.QUEUED] == 4
