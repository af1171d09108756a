"""A queue that is long and slow: age says nothing about a message."""

from __future__ import annotations

from typing import Any

import redis

from worker.client.jobs.sending import BATCH, send
from worker.ledger.envelope import JOBS, job_message
from worker.ledger.ledger import Ledger, Submission
from worker.running.process.reconciler import LOOK_FOR_LOST_EVERY_S, Reconciler
from worker.settings import Settings

CONFIG = "{}"
WAITING = 100_000
LEASE_S = 3.0
LEASES = 10


def test_100_000_jobs_that_wait_for_ten_leases_cause_not_one_republished_message(
    own_redis_url: str,
) -> None:
    client = redis.Redis.from_url(own_redis_url)
    ledger = Ledger(client, result_ttl_s=3600, lease_s=LEASE_S)
    ids = [f"waits-{number}" for number in range(WAITING)]
    for _ in send(ledger, (Submission(name, CONFIG, job_message(name, CONFIG)) for name in ids)):
        pass
    now = [0.0]
    reconciler = Reconciler(ledger, Settings(lease_s=LEASE_S), lambda: now[0])

    def take(number: int) -> None:
        client.rpop(JOBS.queue)
        assert ledger.start(f"waits-{number}", "slow", CONFIG, JOBS)

    def pass_seconds(count: float) -> None:
        now[0] += count
        reconciler.step()

    seconds = int(LEASE_S * LEASES)
    for number in range(seconds):
        take(number)
        pass_seconds(1)
        assert client.llen(JOBS.queue) == WAITING - number - 1
    assert client.zcard("arbtune:due") == 0

    client.rpop(JOBS.queue)  # lost; the batch that it was sent with is taken
    for number in range(seconds + 1, BATCH):
        take(number)
    for _ in range(3):
        pass_seconds(LOOK_FOR_LOST_EVERY_S)
    assert client.llen(JOBS.queue) == WAITING - BATCH + 1
    newest: Any = client.lindex(JOBS.queue, 0)
    assert f'"waits-{seconds}"'.encode() in newest
