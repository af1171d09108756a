"""Prepares a child of the pool for its first job, with a ledger that sits out outages; ends it.

Not in the parent: polars starts threads when it is imported, and threads do not survive a fork.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import redis
from celery import current_app

from worker.ledger.connection import open_ledger
from worker.ledger.ledger import Ledger
from worker.ledger.patience import worker_patience_s
from worker.operating.trace import traces
from worker.running.process.children import spared
from worker.running.process.outage import TRY_AGAIN_S
from worker.settings import Settings

# Of one write, to a server that takes others: then it is this write that it refuses.
TRIES = 3

log = logging.getLogger("arbtune.worker")


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
    importlib.import_module("arbitrage.data.snapshot_table")
    traces.prepare_child()


def end_child(exitcode: int, **_: Any) -> None:
    """End a child that has nothing left to do, at once: what it had to say has been read.

    Billiard would let it sleep for a second first, which the parent cuts short by a SIGTERM: our
    children ignore that one. Each end of a worker waited for it.
    """
    traces.end_child()
    os._exit(exitcode)


class EnduringLedger(Ledger):
    """The ledger of a process that runs jobs: it sits out an outage.

    The process computes nothing meanwhile, so the end of its lease does not end it: an outcome that
    was reached is written when the server answers.
    """

    def _call(self, transition: str, *each: str, **arguments: str | float) -> Any:
        call = partial(super()._call, transition, *each, **arguments)
        try:
            return call()
        except redis.RedisError as error:
            log.warning("ledger.waiting", extra={"for": transition, "error": str(error)})
            with spared():
                return self._outlast(error, call)

    def _outlast(self, error: redis.RedisError, call: Callable[[], Any]) -> Any:
        for _ in range(TRIES):
            while not self._takes_writes():
                time.sleep(TRY_AGAIN_S)
            try:
                return call()
            except redis.RedisError as again:
                error = again
        raise error

    def _takes_writes(self) -> bool:
        try:
            self.check_rights()
        except redis.RedisError:
            return False
        return True
