"""What a child of the pool does before its first job.

Not in the parent: polars starts threads when it is imported, and threads do not survive a fork.
"""

from __future__ import annotations

import importlib
import signal
from typing import Any

from celery import current_app

from worker.ledger.connection import open_ledger, worker_patience_s
from worker.operating.trace import traces
from worker.running.process.outage import EnduringLedger
from worker.settings import Settings


def prepare_child(**_: Any) -> None:
    """Load what reads data files, so that the first job is as quick as the next.

    Whoever stops a whole group of processes (systemd, a terminal) means the worker: its main
    process decides when the children end, and a job must not fail because of it.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    settings = Settings.from_environment()
    current_app.backend.ledger = open_ledger(
        settings, tries=1, patience_s=worker_patience_s(settings), kind=EnduringLedger
    )
    importlib.import_module("arbitrage.data.snapshots")
    traces.prepare_child()
