"""What somebody reads who waits for jobs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.conftest import JOB
from tests.unit.client.jobs.asked import FIGURES, end, submit
from worker.client.jobs import waiting
from worker.client.jobs.differences import Differences
from worker.client.jobs.sending import submission
from worker.client.jobs.waiting import results_as_they_come, wait_for_results
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.ledger import Ledger, Submission
from worker.settings import Settings


def wait(
    ledger: Ledger, job_ids: list[str], sent: Sequence[Submission] = (), *, as_json: bool = False
) -> int:
    """Wait for jobs, of which these were sent by the command that waits."""
    differences = Differences()
    assert list(differences.of(sent)) == list(sent)
    return wait_for_results(
        Settings(),
        ledger,
        job_ids,
        as_json=as_json,
        differences=differences,
        meanwhile=pytest.fail,
    )


def test_the_lines_of_a_wait_have_the_parameters_that_differ(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    changes: list[dict[str, Any]] = [
        {"min_spread_bps": 20.0},
        {"min_spread_bps": 20.5, "stop_on_drawdown_pct": 20.0, "tag": "try-1"},
        {"min_spread_bps": 1e-7, "extra": {"long": "x" * 500}},
    ]
    sent = [submission({**JOB, **change}, f"job-{n}") for n, change in enumerate(changes)]
    for job in sent:
        end(ledger, job.job_id, FIGURES, json.loads(job.config))
    assert wait(ledger, [job.job_id for job in sent], sent) == 3
    net = "net 1,234.50 USD, 33 trades"
    assert capsys.readouterr().out.splitlines() == [
        f"job-0  success  {net}; min_spread_bps 20, stop_on_drawdown_pct unset",
        f"job-1  success  {net}; min_spread_bps 20.5, stop_on_drawdown_pct 20; tag try-1",
        f"job-2  success  {net}; min_spread_bps 1e-07, stop_on_drawdown_pct unset",
    ]


def test_the_lines_of_a_wait_have_the_tags(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    end(ledger, "good", FIGURES)
    end(ledger, "bad", None)
    end(ledger, "plain", FIGURES, {"data_file": "quotes.csv", "tag": None})
    submit(ledger, "stopped")
    ledger.cancel("stopped", cancelled_meta("stopped"))
    job_ids = ["good", "bad", "plain", "stopped"]
    waited = wait(ledger, job_ids)
    assert waited == 2
    assert capsys.readouterr().out.splitlines() == [
        "good  success  net 1,234.50 USD, 33 trades; tag try-1",
        "bad  error  it is bad; tag try-1",
        "plain  success  net 1,234.50 USD, 33 trades",
        "stopped  cancelled  tag try-1",
    ]


def test_a_wait_ends_for_jobs_whose_record_or_result_is_gone(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    end(ledger, "good", FIGURES)
    end(ledger, "deleted", FIGURES)
    submit(ledger, "gone")
    ledger._client.delete("celery-task-meta-deleted", "arbtune:job:gone")
    job_ids = ["good", "deleted", "gone"]
    waited = wait(ledger, job_ids, as_json=True)
    assert waited == 1
    told = capsys.readouterr()
    states = {line["job_id"]: line["status"] for line in map(json.loads, told.out.splitlines())}
    assert states == {"good": "success", "deleted": "unknown", "gone": "unknown"}
    assert told.err.startswith("arbtune: 2 of 3 jobs are unknown to the server")
    assert told.err.endswith("send them again: deleted, gone\n")


def test_jobs_that_are_gone_are_found_one_slice_after_the_other(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "SLICE", 2)
    monkeypatch.setattr(waiting, "POLL_S", 0.0)
    job_ids = ["waits-1", "waits-2", "waits-3", "gone"]
    submit(ledger, *job_ids)
    ledger._client.delete("arbtune:job:gone")
    job_id, document = next(results_as_they_come(ledger, job_ids))
    assert (job_id, document["status"]) == ("gone", "unknown")
