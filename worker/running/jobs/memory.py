"""Limits a job's memory: a job that needs more fails, and nothing else does.

Without one the kernel chooses what it kills when memory runs out: another job, the worker's main
process, or Redis.
"""

from __future__ import annotations

import mmap
import os
import resource
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from arbitrage.errors import OutOfMemoryError

if TYPE_CHECKING:
    from worker.settings import Settings

_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def bound_memory(settings: Settings) -> None:
    """Limit the memory of the next job of this process, beyond what the process has before it.

    RLIMIT_DATA counts what is written to; RLIMIT_AS would also count what allocators and thread
    stacks merely reserve.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = _data_bytes() + memory_bound(settings)
    resource.setrlimit(resource.RLIMIT_DATA, (bound if hard < 0 else min(bound, hard), hard))


def memory_bound(settings: Settings) -> int:
    """What one job may use: the setting, else all that the container or the machine has."""
    return settings.job_memory_bytes or _system_bytes()


def out_of_memory(settings: Settings) -> OutOfMemoryError:
    """The error of a job that needed more."""
    return OutOfMemoryError(
        f"the job needs more than {memory_bound(settings):,} bytes of memory "
        "(ARBTUNE_JOB_MEMORY_BYTES)"
    )


def _data_bytes() -> int:
    """The bytes that count against RLIMIT_DATA now: the sixth number, in pages."""
    with open("/proc/self/statm", "rb", buffering=0) as file:  # noqa: PTH123 - once a job, and slower
        pages = file.read().split()[5]
    return int(pages) * mmap.PAGESIZE


@cache
def _system_bytes() -> int:
    """What the container has, or the machine."""
    machine = os.sysconf("SC_PHYS_PAGES") * mmap.PAGESIZE
    with suppress(OSError, ValueError):  # no cgroup of the second version, or "max"
        return min(machine, int(_CGROUP_LIMIT.read_text(encoding="ascii")))
    return machine
