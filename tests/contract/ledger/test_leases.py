"""Leases: what becomes of a job whose worker is gone, and one worker at a time that looks."""

from __future__ import annotations

import pytest
import redis

from tests.contract.ledger.jobs import (
    LOST,
    ROUTE,
    failure,
    lease_ended,
    new_job,
    started,
)
from worker.ledger.ledger import Holder, Ledger


def test_a_job_whose_lease_is_gone_returns_to_the_queue(
    ledger: Ledger, client: redis.Redis
) -> None:
    gone, held = new_job(), new_job()
    ledger.submit([gone, held], ROUTE)
    late = started(ledger, gone, "dead")
    started(ledger, held, "alive")
    lease_ended(client, gone)
    assert ledger.lapse(10, LOST, max_deaths=5) == [(gone.job_id, "queued", "dead")]
    assert ledger.lapse(10, LOST, max_deaths=5) == []
    record = ledger.record(gone.job_id)
    assert record is not None
    assert [(entry.worker, entry.error) for entry in record.history] == [("dead", LOST)]
    assert [job_id for job_id, *_ in ledger.due(10)] == [gone.job_id]
    assert ledger.finish(gone.job_id, late, failure(gone)) == "refused"
    ledger.publish(gone.job_id, "again")
    assert started(ledger, gone, "next").start == 2


def test_a_job_that_kills_worker_after_worker_is_handed_over_to_be_ended(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    started(ledger, job, "dead")
    lease_ended(client, job)
    assert ledger.lapse(10, LOST, max_deaths=1) == [(job.job_id, "exhausted", "dead")]
    assert ledger.lapse(10, LOST, max_deaths=1) == []
    assert ledger.finish(job.job_id, Holder("dead"), failure(job)) == "error"


def test_one_worker_at_a_time_reconciles(
    ledger: Ledger, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.ledger.ledger.LEAD_MS", 3_600_000)
    assert ledger.lead("w1")
    assert not ledger.lead("w2")
    assert ledger.lead("w1"), "for as long as it says so"
    assert 0 < client.pttl("arbtune:reconciler") <= 3_600_000
    client.delete("arbtune:reconciler")  # it has not said so for a while
    assert ledger.lead("w2")
    assert not ledger.lead("w1")
