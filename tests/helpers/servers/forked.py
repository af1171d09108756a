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
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any, BinaryIO, Self

ROOT = Path(__file__).resolve().parents[3]
OFTEN_S = 0.01

Stream = BinaryIO | int


class ForkedArbtune:
    """`arbtune` in a session of its own, which has the terminal that it reads from, if any.

    Args:
        output: Its standard output, as `Popen` takes one: a file, its number, PIPE or DEVNULL.
        errors: Its standard error, if it is not its output.
        stdin: What it reads from, if anything.
        program: The module whose `main` it runs.
    """

    def __init__(
        self,
        *arguments: str,
        environment: Mapping[str, str],
        output: Stream,
        errors: Stream | None = None,
        stdin: Stream = DEVNULL,
        program: str = "worker.cli",
    ) -> None:
        self.returncode: int | None = None
        request = {
            "arguments": arguments,
            "environment": dict(environment),
            "folder": str(Path.cwd()),
            "program": program,
        }
        with ExitStack() as theirs:
            self.stdout, out = _ends(output, theirs)
            self.stderr, err = (None, out) if errors is None else _ends(errors, theirs)
            _, in_ = _ends(stdin, theirs)
            self.pid: int = _ask(request, in_, out, err)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self.stdout, self.stderr):
            if pipe is not None:
                pipe.close()
        self.wait()

    def communicate(self) -> tuple[bytes, bytes]:
        """What it writes to its pipes until it has ended."""
        with ThreadPoolExecutor() as readers:
            out, err = readers.map(_rest_of, (self.stdout, self.stderr))
        self.wait()
        return out, err

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


def _ends(stream: Stream, theirs: ExitStack) -> tuple[BinaryIO | None, int]:
    """Our end of a stream, if it is a pipe, and the one for the process, open until it has it."""
    if stream == PIPE:
        reader, writer = os.pipe()
        theirs.callback(os.close, writer)
        return os.fdopen(reader, "rb"), writer
    if stream == DEVNULL:
        nothing = os.open(os.devnull, os.O_RDWR)
        theirs.callback(os.close, nothing)
        return None, nothing
    return None, stream if isinstance(stream, int) else stream.fileno()


def _rest_of(pipe: BinaryIO | None) -> bytes:
    if pipe is None:
        return b""
    with pipe:
        return pipe.read()


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
