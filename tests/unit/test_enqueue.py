"""Enqueueing from Python when the server goes away midway."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from tests.conftest import JOB
from worker import connection, enqueue
from worker.connection import RedisUnavailableError


class Leaving:
    """A ledger whose server goes away before the third batch."""

    def __init__(self) -> None:
        self.held: list[str] = []

    def submit(self, jobs: list[Any], _: Any) -> list[str]:
        if len(self.held) >= 2 * enqueue.BATCH:
            raise redis.ConnectionError("it is gone")
        self.held += [job.job_id for job in jobs]
        return ["queued"] * len(jobs)


def test_the_jobs_that_were_sent_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Leaving()
    monkeypatch.setattr(connection, "open_ledger", lambda _: ledger)
    with pytest.raises(RedisUnavailableError, match=r"1,000 of 1,200 jobs were sent") as caught:
        enqueue.enqueue_many([JOB] * 1_200)
    assert list(caught.value.job_ids) == ledger.held
    assert len(ledger.held) == 1_000
