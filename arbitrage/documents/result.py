"""The result document: what a job leaves behind, from the command line and from the queue alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict

from arbitrage.documents.whole_file import write_whole
from arbitrage.errors import cause_of, is_retryable, type_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Document = dict[str, Any]

# Of the form of the documents, for programs that read them: a field that is added changes nothing,
# one that goes or gets another meaning makes the next version.
DOCUMENT_VERSION = 1

# A sentence names a file or shows what a library said, and either may be of any length: a path of
# 60,000 characters has no place in a log line, nor in a record that is kept for a week.
MAX_SENTENCE = 2_000


class ErrorRecord(TypedDict):
    """What ended a job, as JSON."""

    type: str  # the class that a program would catch
    message: str  # one sentence, of at most MAX_SENTENCE characters
    retryable: bool  # whether the same job may pass when it is tried again
    attempts: NotRequired[int]  # starts of the job, this one included; not in a job's history


class SuccessDocument(TypedDict):
    """The document of a job that ran."""

    status: Literal["success"]
    config: Document | None  # None where nobody knows it: a plain client's job, forgotten since
    metrics: Document  # the fields of `TuningMetrics`
    config_summary: Document | None  # that of the metrics, for programs that want no figures
    version: int  # `DOCUMENT_VERSION`


class ErrorDocument(TypedDict):
    """The document of a job that failed."""

    status: Literal["error"]
    config: Document | None  # None where it is not known, or was not a config
    error: ErrorRecord
    version: int


class StatusDocument(TypedDict):
    """The document of a job that has no outcome yet, was cancelled, or is not known."""

    status: str  # a `State` of the ledger that is neither success nor error
    config: Document | None
    version: int


ResultDocument = SuccessDocument | ErrorDocument | StatusDocument
"""What `status` tells apart."""


def success_document(config: Document | None, metrics: Document) -> SuccessDocument:
    """The document of a job that ran, from the JSON forms of its config and its metrics."""
    return {
        "status": "success",
        "config": config,
        "metrics": metrics,
        "config_summary": metrics.get("config_summary"),
        "version": DOCUMENT_VERSION,
    }


def error_document(config: Document | None, error: ErrorRecord) -> ErrorDocument:
    """The document of a job that failed; `error` is what `error_record` makes."""
    return {"status": "error", "config": config, "error": error, "version": DOCUMENT_VERSION}


def status_document(status: str, config: Document | None) -> StatusDocument:
    """The document of a job that has no outcome yet, was cancelled, or is not known."""
    return {"status": status, "config": config, "version": DOCUMENT_VERSION}


def error_record(error: BaseException, *, attempts: int | None = 1) -> ErrorRecord:
    """An error as JSON. `attempts` counts the starts of the job, this one included."""
    return record_of(type_name(error), sentence(error), is_retryable(error), attempts)


def record_of(kind: str, message: str, is_retryable: bool, attempts: int | None) -> ErrorRecord:
    """The record of an error that is told by others; without `attempts` where they do not count."""
    record: ErrorRecord = {"type": kind, "message": message, "retryable": is_retryable}
    if attempts is not None:
        record["attempts"] = attempts
    return record


def sentence(error: BaseException) -> str:
    """An error as one line of bounded length; the name of its class when it has no text."""
    cause = cause_of(error)
    text = " ".join(str(cause).split()) or type(cause).__name__
    return text if len(text) <= MAX_SENTENCE else f"{text[: MAX_SENTENCE - 3]}..."


def as_text(document: Mapping[str, object]) -> str:
    """The document as indented JSON, without NaN and Infinity."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)


def as_line(document: Mapping[str, object]) -> str:
    """The document as JSON on one line, without NaN and Infinity."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def write_document(path: Path, document: Mapping[str, object]) -> None:
    """Write the document whole or not at all; the folders above it are created.

    Raises:
        OSError: It cannot be written there.
    """
    write_whole(path, as_text(document) + "\n")
