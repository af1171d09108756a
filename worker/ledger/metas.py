"""A job's outcome as Celery's clients read it: the value of `celery-task-meta-ID`."""

from __future__ import annotations

import builtins
from datetime import UTC, datetime
from typing import Any

from arbitrage.documents.result import Document


def success_meta(job_id: str, result: Any) -> Document:
    """A job that returned `result`."""
    return _meta(job_id, "SUCCESS", result)


def failed_meta(job_id: str, record: Document) -> Document:
    """A failure: the exception for Celery's clients, the error record for everybody else's."""
    module = "builtins" if hasattr(builtins, record["type"]) else "celery.exceptions"
    return {
        **_meta(job_id, "FAILURE", _raised(record["type"], record["message"], module)),
        "error": record,
    }


def cancelled_meta(job_id: str) -> Document:
    """A cancellation."""
    return _meta(job_id, "REVOKED", _raised("TaskRevokedError", "cancelled", "celery.exceptions"))


def _raised(exc_type: str, message: str, module: str) -> Document:
    return {"exc_type": exc_type, "exc_message": [message], "exc_module": module}


def _meta(job_id: str, status: str, result: Any) -> Document:
    return {
        "task_id": job_id,
        "status": status,
        "result": result,
        "traceback": None,
        "children": [],
        "date_done": datetime.now(UTC).isoformat(),
    }
