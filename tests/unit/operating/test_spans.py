"""The making and the sending of spans."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from worker.operating.trace import spans


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What a collector would have, after a flush."""
    exporter = InMemorySpanExporter()
    monkeypatch.setattr(spans, "_quiet_exporter", lambda _: exporter)
    monkeypatch.setattr(spans, "_recorders", [])
    return exporter


def attempt(job_id: str) -> None:
    spans.attempt(
        job_id,
        (1, 1),
        began_ns=1,
        ended_ns=2,
        number=1,
        outcome="success",
        error=None,
        queue=None,
        worker="w",
    )


@pytest.mark.parametrize("sampler", ["traceidratio", "parentbased_traceidratio"])
def test_a_sampler_takes_whole_traces(
    sampler: str, sent: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    for name in ("enqueue", "attempt"):
        spans.send_at_once()  # each in a process of its own, as it were
        for number in range(40):
            if name == "enqueue":
                spans.enqueued(f"job-{number}", "celery", 1)
            else:
                attempt(f"job-{number}")
        spans.flush()
    roots, attempts = (
        {span.context.trace_id for span in sent.get_finished_spans() if span.name == name}
        for name in ("enqueue", "attempt")
    )
    assert roots == attempts
    assert 10 < len(roots) < 30


def test_a_collector_that_failed_is_left_alone_for_a_while(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[Any] = []

    def refuse(_: object, batch: Any) -> SpanExportResult:
        tries.append(batch)
        return SpanExportResult.FAILURE

    monkeypatch.setattr(OTLPSpanExporter, "export", refuse)
    exporter = spans._Bounded(1.0)
    with caplog.at_level(logging.WARNING):
        exporter.export([])
        exporter.export([])
        assert len(tries) == 1
        monkeypatch.setattr(spans, "_PAUSE_S", 0)
        exporter._leaves_alone_until = 0
        exporter.export([])
        exporter.export([])
    assert len(tries) == 3
    assert len(caplog.records) == 1
