"""Refuses to compute in a process that was forked while polars ran in its parent, and would hang.

polars computes in threads, which a fork leaves behind: whoever calls it in the child waits for them
without end. polars starts them at its first computation, so a fork before that does no harm.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from arbitrage.errors import ConfigError

_TASKS = Path("/proc/self/task")
_THREAD = re.compile("polars-[0-9]+")


class _Fork:
    """What this process knows of the fork that made it."""

    polars_ran = False
    polars_runs = False

    @classmethod
    def look(cls) -> None:
        cls.polars_runs = any(map(_is_of_polars, _TASKS.glob("*/comm")))

    @classmethod
    def happened(cls) -> None:
        cls.polars_ran = cls.polars_ran or cls.polars_runs


def _is_of_polars(comm: Path) -> bool:
    with suppress(OSError):  # a thread that has ended
        return _THREAD.fullmatch(comm.read_text(errors="replace").strip()) is not None
    return False


os.register_at_fork(before=_Fork.look, after_in_child=_Fork.happened)


def check_fork() -> None:
    """Refuse to compute where that would hang.

    Raises:
        ConfigError: polars was running when this process was forked.
    """
    if _Fork.polars_ran:
        raise ConfigError(
            "this process was forked while polars ran in its parent, and would wait for its "
            'threads without end: give the pool mp_context=multiprocessing.get_context("spawn")'
        )
