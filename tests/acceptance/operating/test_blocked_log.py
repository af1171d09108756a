"""A worker whose log nobody reads: it works, ends in time, and says later what it dropped."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.conftest import JOB, ledger_at, quotes_csv, wait_until
from tests.helpers.servers.forked import ForkedArbtune
from worker.client.jobs.sending import send, submission
from worker.ledger.ledger import Ledger, State
from worker.operating.signs.presence import present_workers


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("root")
    (folder / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    return folder


def full_pipe() -> tuple[int, int]:
    """A pipe as small as they come, with no room left."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4_096)
    _fill(writer)
    return reader, writer


def full_socket() -> tuple[int, int]:
    """What systemd gives to a service for its log, with no room left."""
    reader, writer = socket.socketpair()
    _fill(writer.fileno())
    return reader.detach(), writer.detach()


def _fill(writer: int) -> None:
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"\n" * 1_000)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"\n")
    os.set_blocking(writer, True)


@contextmanager
def worker_with_log(log: int, url: str, root: Path) -> Iterator[ForkedArbtune]:
    settings = {"REDIS_URL": url, "DATA_ROOT": str(root), "SHUTDOWN_S": "5"}
    worker = ForkedArbtune(
        *("worker", "--concurrency", "1"),
        environment={**os.environ, **{f"ARBTUNE_{name}": text for name, text in settings.items()}},
        output=subprocess.DEVNULL,
        errors=log,
    )
    try:
        yield worker
    finally:
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def read_all(reader: int) -> list[dict[str, Any]]:
    """The events that stand in the pipe now."""
    os.set_blocking(reader, False)
    data = b""
    with suppress(BlockingIOError):
        while piece := os.read(reader, 65_536):
            data += piece
    return [json.loads(line) for line in data.splitlines() if line]


def run_jobs(ledger: Ledger, count: int) -> None:
    before = ledger.counts()[State.SUCCESS]
    for _ in range(count):
        list(send(ledger, [submission(JOB)]))
    wait_until(lambda: ledger.counts()[State.SUCCESS] == before + count, "the jobs have run")


@pytest.mark.parametrize("full", [full_pipe, full_socket])
def test_a_worker_whose_log_is_blocked_works_and_ends(
    full: Any, own_redis_url: str, root: Path
) -> None:
    reader, writer = full()
    client, ledger = redis.Redis.from_url(own_redis_url), ledger_at(own_redis_url)
    try:
        with worker_with_log(writer, own_redis_url, root) as worker:
            wait_until(lambda: present_workers(client), "it has started")
            run_jobs(ledger, 3)
            assert read_all(reader) == [], "it could say nothing"
            run_jobs(ledger, 1)
            events: list[dict[str, Any]] = []

            def has_gone_on() -> bool:
                events.extend(read_all(reader))
                dropped = [event["lines"] for event in events if event["event"] == "log.dropped"]
                return sum(dropped) >= 3 and "job.finished" in [event["event"] for event in events]

            wait_until(has_gone_on, "it goes on with its log, and says how many it dropped")
            _fill(writer)
            run_jobs(ledger, 1)
            worker.terminate()
            assert worker.wait() == 0
    finally:
        os.close(reader)
        os.close(writer)
