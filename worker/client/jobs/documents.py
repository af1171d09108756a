"""What the ledger and Celery know of a job, as documents, and as the exit status of who asks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from arbitrage.documents.result import (
    ErrorRecord,
    ResultDocument,
    error_document,
    record_of,
    status_document,
    success_document,
)
from worker.ledger.view import JobRecord, State

if TYPE_CHECKING:
    from worker.ledger.celery_meta import Meta
    from worker.ledger.view import LedgerView

# Exit statuses of a command that asks about one job.
EXIT_PENDING = 3
EXIT_UNKNOWN = 4

_SWEEP_ID = re.compile("[0-9a-f]{16}")  # as `sweep_id` of the domain makes them


def result_documents(ledger: LedgerView, job_ids: Sequence[str]) -> list[ResultDocument]:
    """The result document of each job, or its status document when it has no outcome yet."""
    pairs = zip(ledger.records(job_ids), ledger.results(job_ids), strict=True)
    return [_document(record, meta) for record, meta in pairs]


def exit_status(document: ResultDocument, *, ended: int) -> int:
    """The exit status of a command that asks about a job: `ended` where the job has ended."""
    state = State(document["status"])
    if state is State.UNKNOWN:
        return EXIT_UNKNOWN
    return EXIT_PENDING if state.is_open else ended


def sweeps_are_asked(job_id: str, flag: str) -> str:
    """Where to ask about an id that looks like a sweep's; '' for any other id."""
    is_one = _SWEEP_ID.fullmatch(job_id)
    return f"it looks like a sweep's id: arbtune sweep SPEC {flag}" if is_one else ""


def figures_in_short(metrics: dict[str, Any]) -> str:
    """A job's main figures, for people; nothing for a chunk of a sweep, which has too many."""
    net, trades = metrics.get("net_pnl_usd"), metrics.get("total_trades")
    return "" if net is None or trades is None else f"net {net:z,.2f} USD, {trades:,} trades"


def _document(record: JobRecord | None, meta: Meta | None) -> ResultDocument:
    if record is None:
        if meta is None:
            return status_document(State.UNKNOWN.value, None)
        return _foreign_document(meta)
    if record.state is State.SUCCESS:
        if meta is None:  # somebody deleted it: what the job came to is not known any more
            return status_document(State.UNKNOWN.value, record.config)
        return success_document(record.config, meta.get("result") or {})
    if record.state is State.ERROR:
        kept = record.error or cast("ErrorRecord", {})  # nothing of a job that was forgotten
        return error_document(record.config, {**kept, "attempts": record.attempts})
    return status_document(record.state.value, record.config)


def _foreign_document(meta: Meta) -> ResultDocument:
    """The document of a job that the ledger does not know, from what Celery wrote about it.

    A result that is not a JSON object is another program's: its tasks have the same keys.
    """
    match meta:
        case {"status": "REVOKED"}:
            return status_document(State.CANCELLED.value, None)
        case {"status": "SUCCESS", "result": dict(metrics)}:
            return success_document(None, metrics)
        case {"status": "FAILURE", "result": dict(raised)}:
            return error_document(None, _error_of(meta, raised))
    return status_document(State.UNKNOWN.value, None)


def _error_of(meta: Meta, raised: dict[str, Any]) -> ErrorRecord:
    """The error of a job; where another program's worker ran it, what Celery says of it."""
    if (error := meta.get("error")) is not None:
        return error
    message = " ".join(map(str, raised.get("exc_message") or []))
    kind: Any = raised.get("exc_type")
    return record_of(kind, message, is_retryable=False, attempts=0)
