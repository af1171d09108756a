"""`arbtune status ID`: its flags, their defaults, its steps.

Its exit statuses are in `client/jobs/documents.py`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

from arbitrage.documents.result import as_text
from arbitrage.shell.console import EXIT_OK, span
from worker.client.jobs.documents import exit_status, figures_in_short, sweeps_are_asked
from worker.client.jobs.status import JobStatus
from worker.commands.asking import asked_ledger
from worker.ledger.connection import redis_errors_in_a_sentence
from worker.ledger.view import JobRecord, State
from worker.settings import Settings

SUMMARY = "say where a job is: it waits, it runs, or how it ended"
EXAMPLES = (
    "arbtune status first",
    "arbtune status first --json",
)

_WHY_UNKNOWN = (
    "the server has no record of it: it was never sent, its record has expired, "
    "or it is a plain Celery client's job that has not started yet"
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("job_id", metavar="ID", help="the id that arbtune enqueue printed")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object instead of a line"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the state; 0 when the job has ended, and see `exit_status`."""
    settings = Settings.from_environment()
    with redis_errors_in_a_sentence(settings):
        status = JobStatus.of(asked_ledger(settings), arguments.job_id)
    if arguments.json:
        print(as_text(status.as_json()))
    else:
        print(_status_line(status, time.time()))
    return exit_status(status.document, ended=EXIT_OK)


def _status_line(status: JobStatus, now: float) -> str:
    job_id, document, record = status.job_id, status.document, status.record
    state = document["status"]
    if state == State.UNKNOWN:
        return f"{job_id}  unknown: {sweeps_are_asked(job_id, '--status') or _WHY_UNKNOWN}"
    metrics: dict[str, Any] = document.get("metrics") or {}  # type: ignore[assignment]
    parts = [f"{job_id}  {state}", *filter(None, [figures_in_short(metrics)])]
    if record is not None:
        parts += _parts(record, now)
    if status.is_dead:
        parts.append(f"a dead letter: arbtune dead show {job_id}")
    return "; ".join(parts)


def _parts(record: JobRecord, now: float) -> Iterator[str]:
    if record.attempts:
        yield f"attempt {record.attempts}"
    if record.worker:
        yield f"on {record.worker}"
    if record.due_at:
        yield f"tried again in {max(0.0, record.due_at - now):.0f} s"
    if record.finished_at:
        yield f"ended {span(now - record.finished_at)} ago"
    elif record.state is State.RUNNING and record.started_at:
        yield f"running for {span(now - record.started_at)}"
    elif record.submitted_at:
        yield f"sent {span(now - record.submitted_at)} ago"
    if record.error:
        yield str(record.error["message"])
