"""Enqueueing: when the server goes away midway, and under an id that there was before."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from tests.conftest import JOB, ledger_at
from worker.cli import main
from worker.client.jobs import sending
from worker.ledger.celery_meta import success_meta
from worker.ledger.connection import RedisUnavailableError
from worker.ledger.envelope import JOBS
from worker.ledger.ledger import Outcome, State


class Leaving:
    """A ledger whose server goes away before the third batch."""

    def __init__(self) -> None:
        self.held: list[str] = []

    def submit(self, jobs: list[Any], _: Any) -> list[str]:
        if len(self.held) >= 2 * sending.BATCH:
            raise redis.ConnectionError("it is gone")
        self.held += [job.job_id for job in jobs]
        return ["queued"] * len(jobs)


def test_the_jobs_that_were_sent_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Leaving()
    monkeypatch.setattr(sending, "open_ledger", lambda _: ledger)
    with pytest.raises(RedisUnavailableError, match=r"1,000 of 1,200 jobs were sent") as caught:
        sending.enqueue_many([JOB] * 1_200)
    assert list(caught.value.job_ids) == ledger.held
    assert len(ledger.held) == 1_000


@pytest.mark.parametrize("has_ended", [False, True])
def test_who_runs_an_ended_job_anew_reads_that_its_result_is_gone(
    has_ended: bool,
    own_redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ledger = ledger_at(own_redis_url)
    job = sending.submission(JOB, "one")
    ledger.submit([job], JOBS)
    if has_ended:
        start = ledger.start("one", "w1", job.config, JOBS)
        assert start is not None
        outcome = Outcome(State.SUCCESS, success_meta("one", {"net_pnl_usd": 1.0}))
        ledger.finish("one", start.holder, outcome)
    monkeypatch.setenv("ARBTUNE_REDIS_URL", own_redis_url)
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in JOB.items()]
    assert main(["enqueue", "--job-id=one", *flags]) == 0
    said = "arbtune: warning: one had ended (success): it runs anew, its old result is gone\n"
    assert capsys.readouterr() == ("one\n", said if has_ended else "")
