"""Processes that a benchmark starts, and what they hold of memory."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil


@contextmanager
def running(command: list[str], environment: Mapping[str, str]) -> Iterator[None]:
    """A process that runs while the block does."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def peak_mb(process: psutil.Process) -> float:
    """The most memory that a process has held since it was started; 0 of one that has ended.

    (What `wait4` says of a child includes what its parent held when it was started.)
    """
    return _kilobytes(Path(f"/proc/{process.pid}/status"), "VmHWM") / 1_000


def private_mb(process: psutil.Process) -> float:
    """The memory that is this process's alone; pages of mapped files can be dropped and are not."""
    return _kilobytes(Path(f"/proc/{process.pid}/smaps_rollup"), "Private_Dirty") / 1_000


def pool_children() -> list[psutil.Process]:
    """The pool processes of the workers that this process has started."""
    found = psutil.Process().children(recursive=True)
    workers = [process for process in found if "worker.cli" in process.cmdline()]
    pids = {process.pid for process in workers}
    return [process for process in workers if process.ppid() in pids]


def server() -> psutil.Process:
    """The Redis server that this process has started."""
    found = psutil.Process().children(recursive=True)
    return next(process for process in found if "valkey-server" in process.name())


def _kilobytes(path: Path, name: str) -> int:
    try:
        text = path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0
