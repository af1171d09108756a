"""What a worker's main process does every 1.2 seconds.

It renews leases, stops cancelled jobs and lets the reconciler take its step, on the timer of
Celery's event loop: the parent of the pool starts no thread, since a fork would not survive it.
"""

from __future__ import annotations

import gc
import heapq
import logging
import sys
import time
from functools import partial
from typing import Any

from celery import bootsteps
from celery.concurrency.prefork import TaskPool
from redis import RedisError

from worker.ledger.connection import open_ledger
from worker.ledger.identity import worker_id
from worker.ledger.patience import worker_patience_s
from worker.running.jobs import canvas
from worker.running.process.leases import Leases
from worker.running.process.outage import ServerAwayError
from worker.running.process.reconciler import Reconciler
from worker.running.process.shutdown import stop_at_hang_up
from worker.running.process.state import this_worker
from worker.settings import Settings

# No whole number of seconds: a worker asks for a message for a second at a time, and the server
# gives it to whoever has asked for the longest. Of what is published to the beat of those seconds,
# that would be the worker that has just given it back, again and again.
INTERVAL_S = 1.2

log = logging.getLogger("arbtune.worker")


def _load_kernels() -> None:
    """Load what the children replay with, or compile it: once per machine, for some seconds."""
    started = time.monotonic()
    from arbitrage.replay.many_configs import warm_up  # numba

    warm_up()
    log.info("kernels.ready", extra={"seconds": round(time.monotonic() - started, 3)})


def _check_pool(pool: type) -> None:
    """End with a sentence where jobs would run in no process of their own."""
    if not issubclass(pool, TaskPool):
        sys.exit(
            f"arbtune: the pool {pool.__module__.rpartition('.')[2]} is refused: jobs need "
            "--pool=prefork, since a cancel, a time limit and a lost lease end a job's process"
        )


class PeriodicWork(bootsteps.StartStopStep):
    """The step of the worker that keeps its promises to the ledger."""

    requires = frozenset({"celery.worker.components:Timer", "celery.worker.components:Pool"})

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        _check_pool(parent.pool_cls)
        # Before the pool forks, so that its children inherit it all.
        worker_id()
        canvas.watch_publishing()
        _load_kernels()
        gc.freeze()  # or Celery looks through all of it for garbage, before each fork: 0.1 s
        self._entry: Any = None
        self._state = this_worker()

    def start(self, parent: Any) -> None:
        stop_at_hang_up()  # Celery has set its own handlers by now
        settings = Settings.from_environment()
        ledger = open_ledger(settings, tries=0, patience_s=worker_patience_s(settings))
        leases = Leases(ledger, settings.lease_s, self._state)
        backend = parent.app.backend
        followers = partial(canvas.send_followers, backend, backend.ledger)
        arguments = (parent.pool, leases, Reconciler(ledger, settings, send_followers=followers))
        self._entry = parent.timer.call_repeatedly(INTERVAL_S, self._tick, arguments)
        parent.timer.call_repeatedly(INTERVAL_S, drop_cancelled, (parent.timer,))

    def stop(self, parent: Any) -> None:  # noqa: ARG002 - the bootstep's signature
        if self._entry is not None:
            self._entry.cancel()

    def _tick(self, pool: Any, leases: Leases, reconciler: Reconciler) -> None:
        if self._state.is_stopping:
            return  # which has seen to the leases, and has the alarm for itself
        try:
            leases.renew(pool)
        except RedisError as error:
            self._state.outage.goes_on(error)
            raise ServerAwayError(str(error)) from error
        try:
            self._state.record_held()
            reconciler.step()
        except Exception as error:  # noqa: BLE001 - the next tick tries again; the timer must live
            log.warning("upkeep.failed", extra={"error": f"{type(error).__name__}: {error}"})


def drop_cancelled(timer: Any) -> None:
    """Forget the time limits of jobs that have ended.

    kombu marks a cancelled timer and keeps it until its time comes, which is some hundred bytes for
    each job of the last `ARBTUNE_JOB_TIME_LIMIT_S`.
    """
    heap = timer._queue  # noqa: SLF001 - there is no other way in
    kept = [scheduled for scheduled in heap if not scheduled.entry.canceled]
    if len(kept) < len(heap):
        heap[:] = kept  # in place: the event loop goes through this very list
        heapq.heapify(heap)
