"""The processes of this worker that run its jobs, and how they are ended at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from billiard import active_children

# Ends a process that has no handler for it, in the midst of compiled code too.
END = signal.SIGRTMIN


def kill_children() -> None:
    """End all of them, whatever they are doing."""
    _signal_children(signal.SIGKILL)


def end_computing_children() -> None:
    """End all of them except those that hold an outcome."""
    _signal_children(END)


@contextmanager
def spared() -> Iterator[None]:
    """Protect this child from its lease and its soft limit: it only records its outcome now."""
    numbers = (END, signal.SIGUSR1)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def is_spared(pid: int) -> bool:
    """Whether this process is a child that `spared` itself."""
    with suppress(OSError):  # it is gone
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            name, _, mask = line.partition(":")
            if name == "SigIgn":
                return bool(int(mask, 16) >> (END - 1) & 1)
    return False


def any_is_spared() -> bool:
    """Whether a child waits to record what a job has come to."""
    return any(is_spared(child.pid) for child in active_children())


def _signal_children(number: signal.Signals) -> None:
    for child in active_children():
        with suppress(ProcessLookupError):
            os.kill(child.pid, number)
