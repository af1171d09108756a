"""A job's outcome as Celery's clients read it: the value of `celery-task-meta-ID`."""

from __future__ import annotations

import builtins
from datetime import UTC, datetime
from typing import Any, NotRequired, TypedDict

from arbitrage.documents.result import ErrorRecord


class Raised(TypedDict):
    """An exception as Celery's clients raise it again."""

    exc_type: str  # the name of its class
    exc_message: list[str]  # what it was made with
    exc_module: str  # where its class is looked for


class Meta(TypedDict):
    """What Celery's clients read of a job that has ended."""

    task_id: str  # the job's id
    status: str  # the outcome: SUCCESS, FAILURE or REVOKED
    result: Any  # what the task returned; but for a success, a `Raised`
    traceback: None  # it would name files of the worker's machine
    children: list[Any]  # of a canvas, which Celery's own record would list: none
    date_done: str  # ISO 8601, UTC
    error: NotRequired[ErrorRecord]  # of a failure that arbtune recorded
    group_id: NotRequired[str]  # for Celery's canvas
    parent_id: NotRequired[str]  # for Celery's canvas


def success_meta(job_id: str, result: Any) -> Meta:
    """A job that returned `result`."""
    return _meta(job_id, "SUCCESS", result)


def failed_meta(job_id: str, record: ErrorRecord) -> Meta:
    """A failure: the exception for Celery's clients, the error record for everybody else's."""
    module = "builtins" if hasattr(builtins, record["type"]) else "celery.exceptions"
    return {
        **_meta(job_id, "FAILURE", _raised(record["type"], record["message"], module)),
        "error": record,
    }


def cancelled_meta(job_id: str) -> Meta:
    """A cancellation."""
    return _meta(job_id, "REVOKED", _raised("TaskRevokedError", "cancelled", "celery.exceptions"))


def _raised(exc_type: str, message: str, module: str) -> Raised:
    return {"exc_type": exc_type, "exc_message": [message], "exc_module": module}


def _meta(job_id: str, status: str, result: Any) -> Meta:
    return {
        "task_id": job_id,
        "status": status,
        "result": result,
        "traceback": None,
        "children": [],
        "date_done": datetime.now(UTC).isoformat(),
    }
