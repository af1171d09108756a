"""Fixtures: real servers and real workers, started when a test first asks for them."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import psutil
import pytest
import redis
from hypothesis import settings

from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.snapshot_table import SnapshotTable, load_snapshots
from tests.helpers.inputs.data_files import Load
from tests.helpers.servers.forked import ForkedArbtune
from worker.client.embedded import embedded_server
from worker.ledger.ledger import Ledger

pytest_plugins = ["tests.run.order", "tests.run.own_cache"]

# As a terminal starts programs, whatever this run was started by: nohup has all that it starts, and
# so the workers of the tests, ignore a hang-up.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# How long an example may take says more about the machine than about the code.
settings.register_profile("arbtune", deadline=None)
settings.load_profile("arbtune")

# For what must happen, never for what is measured: how long it may take on the slowest machine.
PATIENCE_S = 120.0

OFTEN_S = 0.05  # often enough for a test that waits, seldom enough for the others

TOXIC = Path(__file__).parent / "chaos" / "toxic"
HEADER = "timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b\n"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a data file of this content."""

    def load_content(content: str | bytes, limits: DataLimits | None = None) -> SnapshotTable:
        path = tmp_path / "quotes.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load_snapshots(path, limits)

    return load_content


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = PATIENCE_S) -> None:
    """Wait for a condition, and say which one when it does not come true."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {timeout_s:g} s: {what}")
        time.sleep(OFTEN_S)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A real server for the whole session; each test uses ids of its own."""
    with embedded_server() as url:
        yield url


@pytest.fixture
def own_redis_url() -> Iterator[str]:
    """A real server for one test alone."""
    with embedded_server() as url:
        yield url


@pytest.fixture
def ledger(redis_url: str) -> Ledger:
    """The ledger on the session's server."""
    return ledger_at(redis_url)


def ledger_at(url: str) -> Ledger:
    return Ledger(redis.Redis.from_url(url), result_ttl_s=3600, lease_s=15)


@dataclass
class WorkerProcess:
    """A running `arbtune worker`, its log, and its main process."""

    process: ForkedArbtune | subprocess.Popen[bytes]
    log: Path

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.log_text().splitlines()]
        return [line for line in lines if line["event"] == name]

    def children(self) -> list[int]:
        return [child.pid for child in psutil.Process(self.process.pid).children(recursive=True)]

    def wait_until_ready(self) -> None:
        wait_until(
            lambda: "worker.ready" in self.log_text() or self.process.poll() is not None,
            "the worker is ready",
        )
        assert self.process.poll() is None, self.log_text()


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """As on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def one_core() -> Iterator[None]:
    """As on a machine of one core: a command's own worker has one child to start."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    yield
    os.sched_setaffinity(0, cores)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or waits only for somebody to collect its status."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _started(
    *arguments: str, environment: dict[str, str], output: BinaryIO
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "worker.cli", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


@contextmanager
def running_worker(
    url: str,
    data_root: Path,
    log: Path,
    *,
    concurrency: int = 1,
    poisonous: bool = False,
    awaits: bool = True,
    is_fresh: bool = False,
    **settings: str,
) -> Iterator[WorkerProcess]:
    """Start a worker with the given settings, wait for it, and end it with its children at once.

    The jobs of a `poisonous` one do what their tags say: `tests/chaos/toxic`. A fresh one has an
    interpreter of its own, for tests of its start; others are forked, which is much quicker.
    """
    environment = {
        **os.environ,
        "ARBTUNE_REDIS_URL": url,
        "ARBTUNE_DATA_ROOT": str(data_root),
        **{f"ARBTUNE_{name.upper()}": value for name, value in settings.items()},
        **({"PYTHONPATH": str(TOXIC)} if poisonous else {}),
    }
    arguments = ("worker", "--concurrency", str(concurrency))
    with log.open("wb") as output:
        start = _started if is_fresh else ForkedArbtune
        process = start(*arguments, environment=environment, output=output)
    worker = WorkerProcess(process, log)
    try:
        if awaits:
            worker.wait_until_ready()
        yield worker
    finally:
        with suppress(ProcessLookupError):  # the whole of it has ended
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="session")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data root of the session's worker, with one small file: `quotes.csv`."""
    root = tmp_path_factory.mktemp("data-root")
    (root / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def worker(
    redis_url: str, data_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    """One worker of two processes for the whole session."""
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    with running_worker(redis_url, data_root, log, concurrency=2) as running:
        yield running


def quotes_csv(cycles: int = 10) -> str:
    """A small market: the basis opens to about 50 bps and closes again, over and over."""
    lines = [HEADER]
    for second in range(cycles * 10):
        gap = 0.5 if second % 10 < 3 else -0.05
        lines.append(
            f"2024-01-01T00:{second // 60:02d}:{second % 60:02d}Z,99.99,100.01,"
            f"{100.0 + gap:.2f},{100.02 + gap:.2f}\n"
        )
    return "".join(lines)


JOB: dict[str, Any] = {
    "data_file": "quotes.csv",
    "min_spread_bps": 20.0,
    "taker_fee_a_bps": 5.0,
    "taker_fee_b_bps": 5.0,
    "slippage_bps": 2.0,
    "max_position_usd": 1000.0,
}
