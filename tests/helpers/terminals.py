"""A terminal of 80 columns, for what the commands do on one."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress

from tests.helpers.servers.forked import ForkedArbtune

ROWS, COLUMNS = 24, 80


def open_terminal() -> tuple[int, int]:
    """A terminal's two ends: ours, and the one for a process."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    return ours, theirs


def shown_on_terminal(arguments: Sequence[str], environment: Mapping[str, str], mark: str) -> str:
    """What `arbtune` shows on a terminal up to a mark; it is told to end, and to end well, then."""
    ours, theirs = open_terminal()
    with ForkedArbtune(*arguments, environment=environment, stdin=theirs, output=theirs) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # EIO: the other end is closed
            while mark.encode() not in shown:
                shown += os.read(ours, 4_096)
        process.terminate()
        with suppress(OSError):
            while os.read(ours, 4_096):
                pass
    os.close(ours)
    assert process.returncode == 0, shown
    return shown.decode().replace("\r\n", "\n")


def on_terminal(
    command: Sequence[str], environment: Mapping[str, str], typed: str = ""
) -> tuple[int, str]:
    """Run a command with all its streams on a terminal; its status, and what the terminal shows."""
    ours, theirs = open_terminal()
    with subprocess.Popen(
        command,
        env={**environment, "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        shown = b""
        with suppress(OSError):  # EIO: the other end is closed
            while part := os.read(ours, 4_096):
                shown += part
    os.close(ours)
    return process.returncode, shown.decode().replace("\r\n", "\n")


def read_all(terminal: int) -> str:
    """What is written to the other end until nobody holds it."""
    shown = b""
    while True:
        try:
            block = os.read(terminal, 65_536)
        except OSError:  # how Linux says so
            break
        if not block:
            break
        shown += block
    os.close(terminal)
    return shown.decode()
