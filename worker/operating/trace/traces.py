"""Traces of jobs, from enqueue to outcome, where a collector is named for them.

This module decides whether there are any; `spans` beside makes them, and nothing of OpenTelemetry
is imported before it is. The variables are the library's own, and so are not of the settings.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, ParamSpec

from worker.ledger.identity import worker_id

if TYPE_CHECKING:
    from worker.ledger.ledger import Attempt, Ledger, Submission

Given = ParamSpec("Given")

SWITCHES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

log = logging.getLogger("arbtune.traces")


def _harmless(trace: Callable[Given, None]) -> Callable[Given, None]:
    """Ignore errors: no job fails because of its trace."""

    @wraps(trace)
    def traced(*args: Given.args, **options: Given.kwargs) -> None:
        try:
            trace(*args, **options)
        except Exception as error:  # noqa: BLE001 - whatever it is, the job has its outcome
            log.warning("traces.failed", extra={"error": f"{type(error).__name__}: {error}"})

    return traced


@cache
def _spans() -> Any:
    """The module that makes spans, or None where traces are off."""
    if not _are_on():
        return None
    try:
        from worker.operating.trace import spans  # opentelemetry
    except ImportError as error:
        log.warning(
            "%s is set, but there are no traces without the extra of that name: "
            "pip install 'arbtune[traces]' (%s)",
            " or ".join(name for name in SWITCHES if os.environ.get(name)),
            error,
        )
        return None
    return spans


def _are_on() -> bool:
    """Whether a collector is named, and not to other programs alone: both are standard."""
    is_disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    is_none = os.environ.get("OTEL_TRACES_EXPORTER", "").strip() == "none"
    return any(os.environ.get(name) for name in SWITCHES) and not (is_disabled or is_none)


@_harmless
def prepare_parent(**_: Any) -> None:
    """In the main process of a worker, before it forks: it must not start a thread."""
    if spans := _spans():
        spans.send_at_once()


@_harmless
def prepare_child() -> None:
    """In a child of a worker, after the fork: spans are sent by a thread of its own."""
    if spans := _spans():
        spans.send_in_background()


@_harmless
def end_child(**_: Any) -> None:
    """Send what a child still has, before it ends in order."""
    if spans := _spans():
        spans.flush()


def clock_ns() -> int:
    """Now, as spans want it."""
    return time.time_ns()


@_harmless
def submitted(
    jobs: Sequence[Submission], verdicts: Sequence[str], queue: str, began_ns: int
) -> None:
    """The root of the trace of each job that this call has recorded and published."""
    if spans := _spans():
        for job, verdict in zip(jobs, verdicts, strict=True):
            if verdict in ("queued", "same"):
                spans.enqueued(job.job_id, queue, began_ns)


@_harmless
def attempt_ended(
    job_id: str, attempt: Attempt, outcome: str, error: Mapping[str, Any] | None, queue: str | None
) -> None:
    """An attempt ended in this process, which ran it."""
    if spans := _spans():
        ended_ns = clock_ns()
        spans.attempt(
            job_id,
            (attempt.holder.generation, attempt.holder.start),
            began_ns=ended_ns - round((time.monotonic() - attempt.began) * 1e9),
            ended_ns=ended_ns,
            number=attempt.number,
            outcome=outcome,
            error=error,
            queue=queue,
            worker=attempt.holder.worker,
        )


@_harmless
def attempts_lost(ledger: Ledger, outcomes: Mapping[str, str]) -> None:
    """Attempts ended with the process that ran them: what the ledger has noted of the last one.

    `outcomes` by job id. For the main process of a worker: it waits until they are sent.
    """
    if not outcomes or not (spans := _spans()):
        return
    for record in ledger.records(list(outcomes)):
        if record is None or not record.history:
            continue  # it ended before it started
        last = record.history[-1]
        spans.attempt(
            record.job_id,
            (last.generation, last.start),
            began_ns=round(last.started_at * 1e9),
            ended_ns=round(last.ended_at * 1e9),
            number=record.attempts,
            outcome=outcomes[record.job_id],
            error=last.error,
            queue=record.queue,
            worker=last.worker,
        )
    spans.flush()


@_harmless
def attempt_cancelled(ledger: Ledger, job_id: str) -> None:
    """A job of this worker was cancelled; where it ran, its child has been ended."""
    if not (spans := _spans()):
        return
    record = ledger.record(job_id)
    if record is None or record.started_at is None or record.finished_at is None:
        return
    if record.history and record.history[-1].started_at == record.started_at:
        return  # it waited for its next attempt
    spans.attempt(
        job_id,
        (record.generation, None),
        began_ns=round(record.started_at * 1e9),
        ended_ns=round(record.finished_at * 1e9),
        number=record.attempts,
        outcome="cancelled",
        error=None,
        queue=record.queue,
        worker=worker_id(),
    )
    spans.flush()
