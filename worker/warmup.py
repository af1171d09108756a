"""What a child of the pool does before its first job.

Not in the parent: polars starts threads when it is imported, and threads do not survive a fork.
"""

from __future__ import annotations

import importlib
import signal
from typing import Any

from worker import traces


def prepare_child(**_: Any) -> None:
    """Load what reads data files, so that the first job is as quick as the next.

    Whoever stops a whole group of processes (systemd, a terminal) means the worker: its main
    process decides when the children end, and a job must not fail because of it.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    importlib.import_module("arbitrage.snapshots")
    traces.prepare_child()
