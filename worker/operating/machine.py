"""Checks once, before a worker starts, whether this machine has what it needs.

What is missing here does not come by itself: the worker would die, start again and die.
"""

from __future__ import annotations

import resource

from billiard import get_context

from arbitrage.errors import ConfigError

# What a main process has open, and for each process of its pool: with some to spare.
FILES, FILES_OF_A_CHILD = 48, 8


def check_machine(concurrency: int) -> None:
    """Refuse a machine that cannot run the processes of a pool.

    Raises:
        ConfigError: There is not enough of it.
    """
    _allow_open_files(FILES + FILES_OF_A_CHILD * concurrency, concurrency)
    try:
        get_context().Lock()
    except OSError as error:
        raise ConfigError(
            f"the processes of a worker share semaphores in /dev/shm, which cannot be written "
            f"({error.strerror}): mount a tmpfs there"
        ) from error


def _allow_open_files(wanted: int, concurrency: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise ConfigError(
            f"a worker of {concurrency} processes needs {wanted} open files, and may have {hard}: "
            "raise the limit (ulimit -n, LimitNOFILE) or set a lower --concurrency"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
