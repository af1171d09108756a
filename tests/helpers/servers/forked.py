"""`arbtune` in processes forked from `fork_server`, with what the tests use of `Popen`."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

ROOT = Path(__file__).resolve().parents[3]
OFTEN_S = 0.01


class ForkedArbtune:
    """`arbtune` in a session of its own, its output in a file."""

    def __init__(self, *arguments: str, environment: Mapping[str, str], output: BinaryIO) -> None:
        self.returncode: int | None = None
        request = {
            "arguments": arguments,
            "environment": dict(environment),
            "folder": str(Path.cwd()),
        }
        with Path(os.devnull).open("rb") as nothing:
            self.pid: int = _ask(request, nothing.fileno(), output.fileno(), output.fileno())

    def poll(self) -> int | None:
        """Its exit status, or None while it runs."""
        if self.returncode is None:
            self.returncode = _ask({"ended": self.pid})
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("arbtune", timeout or 0.0)
            time.sleep(OFTEN_S)
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _ask(request: dict[str, Any], *files: int) -> Any:
    server = _server()
    socket.send_fds(server, [json.dumps(request).encode()], files)
    return json.loads(server.recv(100))


@cache
def _server() -> socket.socket:
    """The server of this process, which ends with it."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.helpers.servers.fork_server", str(its.fileno())],
            cwd=ROOT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            pass_fds=[its.fileno()],
            stdin=subprocess.DEVNULL,
        )
    atexit.register(server.wait)
    atexit.register(ours.close)  # which is first, and ends the server
    return ours
