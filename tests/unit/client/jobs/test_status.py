"""What people and pipes read of one job: `arbtune status` and `arbtune result`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from arbitrage.documents.spec.sweep_spec import sweep_id
from arbitrage.shell.console import Command, run_command, span
from tests.unit.client.jobs.asked import CHUNK, FIGURES, end, printed, submit
from worker.client.jobs.documents import EXIT_UNKNOWN, result_documents
from worker.commands.jobs import cancel, result, status
from worker.ledger.envelope import CHUNKS, JOBS
from worker.ledger.ledger import Ledger


@pytest.mark.parametrize(
    ("meta", "status"),
    [
        ({"status": "SUCCESS", "result": {"net_pnl_usd": 1.0}}, "success"),
        ({"status": "SUCCESS", "result": 5}, "unknown"),
        ({"status": "SUCCESS", "result": None}, "unknown"),
        ({"status": "FAILURE", "result": {"exc_type": "E", "exc_message": ["x"]}}, "error"),
        ({"status": "FAILURE", "result": "x"}, "unknown"),
        ({"status": "REVOKED", "result": None}, "cancelled"),
        ({"status": "STARTED", "result": {"pid": 1}}, "unknown"),
    ],
)
def test_what_celery_alone_knows_is_told_if_it_is_of_a_job(
    ledger: Ledger, meta: dict[str, Any], status: str
) -> None:
    ledger._client.set("celery-task-meta-theirs", json.dumps(meta))
    [document] = result_documents(ledger, ["theirs"])
    assert document["status"] == status


def test_a_status_is_a_line_with_what_there_is_to_know(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    end(ledger, "good", FIGURES)
    end(ledger, "bad", None)
    end(ledger, "chunk", {"figures": "large"}, CHUNK, route=CHUNKS)
    submit(ledger, "waits", "runs")
    ledger.start("runs", "w1", "{}", JOBS)
    lines = {
        "good": "good  success; net 1,234.50 USD, 33 trades; attempt 1; ended 0s ago",
        "bad": "bad  error; attempt 1; ended 0s ago; it is bad",
        "chunk": "chunk  success; attempt 1; ended 0s ago",
        "waits": "waits  queued; sent 0s ago",
        "runs": "runs  running; attempt 1; on w1; running for 0s",
        "none": "none  unknown: the server has no record of it: it was never sent, its record has "
        "expired, or it is a plain Celery client's job that has not started yet",
    }
    for job_id, line in lines.items():
        assert printed(capsys, "status", job_id) == [line]


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("command", "flag"), [(status, "--status"), (result, "--status"), (cancel, "--cancel")]
)
def test_the_id_of_a_sweep_is_sent_to_where_sweeps_are_asked_after(
    command: Command, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = run_command("arbtune x", command, [sweep_id("a spec", "0" * 64, "1")])
    assert asked == (1 if command is cancel else EXIT_UNKNOWN)
    told = capsys.readouterr()
    assert f"it looks like a sweep's id: arbtune sweep SPEC {flag}" in told.out + told.err


def test_dead_letters_are_marked_wherever_a_job_is_asked_after(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    end(ledger, "failed", None)
    end(ledger, "gone", None, is_dead=True)
    cells = [line.split("\t") for line in printed(capsys, "jobs")[1:]]
    assert {(job[0], job[1], job[-1]) for job in cells} == {
        ("failed", "error", ""),
        ("gone", "error", "yes"),
    }
    listed = [json.loads(line) for line in printed(capsys, "jobs", "--json")]
    marks = {job["job_id"]: job["dead_letter"] for job in listed}
    assert marks == {"failed": False, "gone": True}
    for job_id, is_dead in marks.items():
        [line] = printed(capsys, "status", job_id)
        assert line.endswith("; a dead letter: arbtune dead show gone") == is_dead
        document = json.loads("".join(printed(capsys, "status", job_id, "--json")))
        assert document["dead_letter"] is is_dead


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (59.9, "59s"), (60, "1m"), (3_599, "59m"), (86_399, "23h"), (1e6, "11d")],
)
def test_a_span_is_told_in_its_largest_unit(seconds: float, text: str) -> None:
    assert span(seconds) == text
