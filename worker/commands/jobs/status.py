"""`arbtune status ID`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from typing import Any

from arbitrage.documents.result import Document, as_text
from arbitrage.shell.console import EXIT_FAILED, EXIT_OK, span
from worker.client.job_documents import figures_in_short, result_documents, sweeps_are_asked
from worker.ledger.connection import open_ledger, redis_errors_in_a_sentence
from worker.ledger.view import JobRecord, State
from worker.settings import Settings

SUMMARY = "say where a job is: it waits, it runs, or how it ended"

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
    """Print the state; 0 when the job is known."""
    settings = Settings.from_environment()
    with redis_errors_in_a_sentence(settings):
        ledger = open_ledger(settings)
        record = ledger.record(arguments.job_id)
        [document] = result_documents(ledger, [arguments.job_id])
        is_dead = ledger.is_dead(arguments.job_id)
    status = str(document["status"])
    if arguments.json:
        print(as_text(_status_document(arguments.job_id, status, record, is_dead=is_dead)))
    else:
        print(_status_line(arguments.job_id, document, record, time.time(), is_dead=is_dead))
    return EXIT_FAILED if status == State.UNKNOWN else EXIT_OK


def _status_document(
    job_id: str, status: str, record: JobRecord | None, *, is_dead: bool
) -> Document:
    document: Document = {"job_id": job_id, "status": status, "config": None}
    if record is not None:
        document |= {
            "config": record.config,
            "attempts": record.attempts,
            "worker": record.worker,
            "submitted_at": record.submitted_at,
            "started_at": record.started_at,
            "finished_at": record.finished_at,
            "due_at": record.due_at,
            "error": record.error,
            "dead_letter": is_dead,
        }
    return document


def _status_line(
    job_id: str, document: Mapping[str, Any], record: JobRecord | None, now: float, *, is_dead: bool
) -> str:
    status = document["status"]
    if status == State.UNKNOWN:
        return f"{job_id}  unknown: {sweeps_are_asked(job_id, '--status') or _WHY_UNKNOWN}"
    parts = [f"{job_id}  {status}"]
    if figures := figures_in_short(document.get("metrics") or {}):
        parts.append(figures)
    if record is not None:
        parts += _parts(record, now)
    if is_dead:
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
