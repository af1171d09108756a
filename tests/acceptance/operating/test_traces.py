"""Traces, as a collector receives them from clients and from a real worker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.conftest import JOB, ledger_at, quotes_csv, running_worker, wait_until
from tests.helpers.servers.forked import ForkedArbtune
from worker.ledger.ledger import State


@dataclass
class Receiver:
    """What a collector has received."""

    port: int = 0
    spans: list[Span] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    is_away: bool = False

    def take(self, body: bytes) -> None:
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.services.add(attributes(of_resource.resource)["service.name"])
            for of_scope in of_resource.scope_spans:
                self.spans += of_scope.spans

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


def attributes(bearer: Any) -> dict[str, Any]:
    return {
        pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in bearer.attributes
    }


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with _receiver() as running:
        yield running


@contextmanager
def _receiver() -> Iterator[Receiver]:
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not received.is_away:
                received.take(body)
            self.send_response(404 if received.is_away else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        received.port = server.server_port
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield received
        finally:
            server.shutdown()
            thread.join()


def enqueue(url: str, folder: Path, *jobs: dict[str, Any]) -> tuple[list[str], str]:
    """What `arbtune enqueue` says: ids, and stderr."""
    with ForkedArbtune(
        *arguments(folder, *jobs),
        environment={**os.environ, "ARBTUNE_REDIS_URL": url},
        output=subprocess.PIPE,
        errors=subprocess.PIPE,
    ) as command:
        out, err = command.communicate()
    assert command.returncode == 0
    return out.decode().split(), err.decode()


def arguments(folder: Path, *jobs: dict[str, Any]) -> list[str]:
    lines = folder / "jobs.jsonl"
    lines.write_text("".join(json.dumps({**JOB, **job}) + "\n" for job in jobs), encoding="utf-8")
    return ["enqueue", "--jobs", str(lines)]


def test_a_trace_leads_from_enqueue_to_the_outcome_of_each_attempt(
    own_redis_url: str, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{receiver.port}")
    # A child sends nothing before it ends in order.
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
    ledger = ledger_at(own_redis_url)
    jobs: list[dict[str, Any]] = [
        {"tag": "exit:3"},
        {"data_file": "nope.csv"},
        {},
    ]
    log = tmp_path / "worker.log"
    with running_worker(own_redis_url, tmp_path, log, poisonous=True, max_attempts="1") as worker:
        ids, complaints = enqueue(own_redis_url, tmp_path, *jobs)
        assert complaints == ""
        roots = {attributes(span)["arbtune.job_id"]: span for span in receiver.named("enqueue")}
        assert list(roots) == ids  # the command has ended
        wait_until(lambda: ledger.states(ids[2:]) == [State.SUCCESS], "the last one ends")
        assert len(receiver.named("attempt")) == 1  # of which the main process told
        worker.process.send_signal(signal.SIGTERM)
        wait_until(lambda: len(receiver.named("attempt")) == 3, "its child has ended in order")
        assert "arbtune.traces" not in worker.log_text()
        [ready] = worker.events("worker.ready")
    attempts = receiver.named("attempt")
    told = {one["arbtune.job_id"]: one for one in map(attributes, attempts)}
    shared = {"arbtune.attempt": 1, "arbtune.queue": "celery", "arbtune.worker": ready["worker"]}
    assert [
        {**shared, "arbtune.job_id": job_id, **ended}
        for job_id, ended in zip(
            ids,
            (
                {"arbtune.outcome": "dead_letter", "error.type": "WorkerLostError"},
                {"arbtune.outcome": "error", "error.type": "FileNotFoundError"},
                {"arbtune.outcome": "success"},
            ),
            strict=True,
        )
    ] == [told[job_id] for job_id in ids]
    for attempt in attempts:
        root = roots[attributes(attempt)["arbtune.job_id"]]
        assert attempt.trace_id == root.trace_id
        assert attempt.parent_span_id == root.span_id
        assert not root.parent_span_id
        assert attempt.start_time_unix_nano <= attempt.end_time_unix_nano
    assert len({root.trace_id for root in roots.values()}) == len(attempts) == len(ids)
    assert receiver.services == {"arbtune"}


def test_a_collector_that_is_away_is_one_line_and_no_error(
    redis_url: str, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{receiver.port}/nowhere")
    receiver.is_away = True
    ids, complaints = enqueue(redis_url, tmp_path, JOB, JOB)
    assert len(ids) == 2
    assert complaints == "the collector of traces takes none: spans are dropped until it does\n"


def test_without_a_collector_no_spans_are_made(
    own_redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")  # each process lists what it imports
    with running_worker(own_redis_url, tmp_path, tmp_path / "log", is_fresh=True) as worker:
        imported = subprocess.run(
            [sys.executable, "-m", "worker.cli", *arguments(tmp_path, JOB)],
            env={**os.environ, "ARBTUNE_REDIS_URL": own_redis_url},
            capture_output=True,
            text=True,
            check=True,
        ).stderr
        ledger = ledger_at(own_redis_url)
        wait_until(lambda: ledger.counts()[State.SUCCESS] == 1, "the job is done")
        imported += worker.log_text()
    for name in (
        "worker.client.jobs.sending",
        "worker.celery_app",
        "polars",
    ):  # which a child imports
        assert f" {name}\n" in imported
    # (redis-py imports some of the library wherever it is installed.)
    assert " worker.operating.trace.spans\n" not in imported
    assert " opentelemetry.exporter" not in imported
