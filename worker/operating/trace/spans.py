"""The spans of jobs, as OpenTelemetry sends them. Imported by `traces` beside, where it is on.

The ids of a trace, of its root and of an attempt follow from the job's id: nothing travels in
messages, so whoever sees a job, after whatever happened to it, speaks of the same trace. Attempts
are made when they are over, since who sees the end of one need not have seen its start.
"""

from __future__ import annotations

import atexit
import logging
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from threading import Lock
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

# What the library says of a collector that is away; one line of ours says it.
_TOO_TALKATIVE = (
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.sdk._shared_internal",
)
# How long one sending may take: where a process ends with it, and where an event loop waits.
_PATIENCE_S = 2.0
_PATIENCE_OF_A_LOOP_S = 0.5
# How long a collector that failed is left alone; spans are dropped meanwhile.
_PAUSE_S = 10.0

log = logging.getLogger("arbtune.traces")


class _DerivedIds(IdGenerator):
    """Hands out the ids that it was given last."""

    trace_id = 0
    span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id

    def is_trace_id_random(self) -> bool:
        return False


class _Bounded(SpanExporter):
    """Sends to the collector; one that is away costs a short wait now and then, and one line."""

    def __init__(self, patience_s: float) -> None:
        self._exporter = OTLPSpanExporter(timeout=patience_s)
        self._leaves_alone_until = 0.0
        self._has_complained = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if time.monotonic() < self._leaves_alone_until:
            return SpanExportResult.FAILURE
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._leaves_alone_until = time.monotonic() + _PAUSE_S
            if not self._has_complained:
                self._has_complained = True
                log.warning("the collector of traces takes none: spans are dropped until it does")
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


class _Held(SpanProcessor):
    """Keeps spans until they are flushed, without a thread."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._ended: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self._ended.append(span)

    def force_flush(self, timeout_millis: int = 0) -> bool:  # noqa: ARG002 - the exporter's own
        ended, self._ended = self._ended, []
        return not ended or self._exporter.export(ended) is SpanExportResult.SUCCESS


class _Recorder:
    """Makes spans, and hands them to a processor."""

    def __init__(self, processor: SpanProcessor) -> None:
        self._ids = _DerivedIds()
        self._lock = Lock()  # of the ids
        self._provider = TracerProvider(
            resource=_resource(), id_generator=self._ids, shutdown_on_exit=False
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("arbtune")
        self.flush = processor.force_flush
        self.shutdown = processor.shutdown

    def record(
        self,
        name: str,
        job_id: str,
        span_id: int,
        *,
        times: tuple[int, int],
        attributes: Mapping[str, Any],
        kind: SpanKind,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        trace_id, root_id = _number(job_id, 16), _number(f"{job_id}/root", 8)
        known = {key: value for key, value in attributes.items() if value is not None}
        context = None if span_id == root_id else self._below(trace_id, root_id)
        with self._lock:
            self._ids.trace_id, self._ids.span_id = trace_id, span_id
            span = self._tracer.start_span(name, context, kind, known, start_time=times[0])
        if error is not None:
            span.set_attribute("error.type", str(error["type"]))
            span.set_status(Status(StatusCode.ERROR, str(error["message"])))
        span.end(times[1])

    def _below(self, trace_id: int, root_id: int) -> Any:
        """The context of a child of the root, sampled where the root is: its id decides."""
        is_sampled = self._provider.sampler.should_sample(None, trace_id, "enqueue").decision
        flags = TraceFlags.SAMPLED if is_sampled.is_sampled() else TraceFlags.DEFAULT
        root = SpanContext(trace_id, root_id, is_remote=True, trace_flags=TraceFlags(flags))
        return set_span_in_context(NonRecordingSpan(root))


_recorders: list[_Recorder] = []  # of this process, the last one; a fork brings its parent's along


def send_at_once() -> None:
    """Send at each flush, in the calling thread."""
    _recorders[:] = [_Recorder(_Held(_quiet_exporter(_PATIENCE_OF_A_LOOP_S)))]


def send_in_background() -> None:
    """Send every few seconds, from a thread."""
    _recorders[:] = [_Recorder(BatchSpanProcessor(_quiet_exporter(_PATIENCE_S)))]


def flush() -> None:
    """Send what there is."""
    for recorder in _recorders:
        recorder.flush()


def enqueued(job_id: str, queue: str, began_ns: int) -> None:
    """The root of a job's trace."""
    _recorder().record(
        "enqueue",
        job_id,
        _number(f"{job_id}/root", 8),
        times=(began_ns, time.time_ns()),
        attributes={"arbtune.job_id": job_id, "arbtune.queue": queue},
        kind=SpanKind.PRODUCER,
    )


def attempt(
    job_id: str,
    start: tuple[int | None, int | None],
    *,
    began_ns: int,
    ended_ns: int,
    number: int,
    outcome: str,
    error: Mapping[str, Any] | None,
    queue: str | None,
    worker: str,
) -> None:
    """A start of a job that has ended; `start`, its generation and number, makes it this one."""
    _recorder().record(
        "attempt",
        job_id,
        _number(f"{job_id}/{start[0]}/{start[1]}", 8),
        times=(began_ns, ended_ns),
        attributes={
            "arbtune.job_id": job_id,
            "arbtune.attempt": number,
            "arbtune.outcome": outcome,
            "arbtune.queue": queue,
            "arbtune.worker": worker,
        },
        kind=SpanKind.CONSUMER,
        error=error,
    )


def _recorder() -> _Recorder:
    if not _recorders:  # a program that enqueues
        send_in_background()
        atexit.register(_recorders[0].shutdown)
    return _recorders[0]


def _quiet_exporter(patience_s: float) -> SpanExporter:
    for name in _TOO_TALKATIVE:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:  # a program may want to hear them
            logger.setLevel(logging.CRITICAL + 1)
    return _Bounded(patience_s)


def _resource() -> Resource:
    """The name of this service: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, or `arbtune`."""
    found = Resource.create()
    if str(found.attributes[SERVICE_NAME]).startswith("unknown_service"):
        return found.merge(Resource({SERVICE_NAME: "arbtune"}))
    return found


def _number(text: str, size: int) -> int:
    """An id that follows from a text, of so many bytes."""
    return int.from_bytes(sha256(text.encode()).digest()[:size])
