"""The result document: what a job leaves behind, from the command line and from the queue alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from arbitrage.documents.whole_file import write_whole
from arbitrage.errors import cause_of, is_retryable, type_name

if TYPE_CHECKING:
    from pathlib import Path

Document = dict[str, Any]

# A sentence names a file or shows what a library said, and either may be of any length: a path of
# 60,000 characters has no place in a log line, nor in a record that is kept for a week.
MAX_SENTENCE = 2_000


def success_document(config: Document | None, metrics: Document) -> Document:
    """The document of a job that ran, from the JSON forms of its config and its metrics."""
    return {
        "status": "success",
        "config": config,
        "metrics": metrics,
        "config_summary": metrics.get("config_summary"),
    }


def error_document(config: Document | None, error: Document) -> Document:
    """The document of a job that failed; `error` is what `error_record` makes."""
    return {"status": "error", "config": config, "error": error}


def status_document(status: str, config: Document | None) -> Document:
    """The document of a job that has no outcome yet, was cancelled, or is not known."""
    return {"status": status, "config": config}


def error_record(error: BaseException, *, attempts: int = 1) -> Document:
    """An error as JSON. `attempts` counts the starts of the job, this one included."""
    return {
        "type": type_name(error),
        "message": sentence(error),
        "retryable": is_retryable(error),
        "attempts": attempts,
    }


def sentence(error: BaseException) -> str:
    """An error in one bounded line; a bare exception class when it carries no text."""
    cause = cause_of(error)
    text = " ".join(str(cause).split()) or type(cause).__name__
    return text if len(text) <= MAX_SENTENCE else f"{text[: MAX_SENTENCE - 3]}..."


def as_text(document: Document) -> str:
    """The document for a person or a pipe: indented JSON, nothing that JSON does not know."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)


def write_document(path: Path, document: Document) -> None:
    """Write the document whole or not at all; the folders above it are created.

    Raises:
        OSError: It cannot be written there.
    """
    write_whole(path, as_text(document) + "\n")
