"""What a worker's main process does once a second.

It renews leases, stops cancelled jobs and publishes retries that are due, on the timer of Celery's
event loop: the parent of the pool starts no thread, since a fork would not survive it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from celery import bootsteps
from celery.worker import state as worker_state

from worker.connection import open_ledger
from worker.envelope import job_message
from worker.identity import worker_id
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.ledger import Ledger

INTERVAL_S = 1.0
DUE_PER_TICK = 500

log = logging.getLogger("arbtune.worker")


class Upkeep(bootsteps.StartStopStep):
    """The step of the worker that keeps its promises to the ledger."""

    requires = frozenset({"celery.worker.components:Timer", "celery.worker.components:Pool"})

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        worker_id()  # named before the pool forks, so that the children inherit it
        self._entry: Any = None

    def start(self, parent: Any) -> None:
        ledger = open_ledger(Settings.from_environment(), tries=1)
        self._entry = parent.timer.call_repeatedly(INTERVAL_S, self._tick, (parent, ledger))

    def stop(self, parent: Any) -> None:  # noqa: ARG002 - the bootstep's signature
        if self._entry is not None:
            self._entry.cancel()

    def _tick(self, parent: Any, ledger: Ledger) -> None:
        try:
            renew_leases(parent.pool, ledger)
            publish_due(ledger)
        except Exception as error:  # noqa: BLE001 - the next tick tries again; the timer must live
            log.warning("upkeep.failed", extra={"error": f"{type(error).__name__}: {error}"})


def renew_leases(pool: Any, ledger: Ledger) -> None:
    """Renew the leases of the jobs that run here; end the children of cancelled ones."""
    running = {request.id: request for request in worker_state.active_requests}
    if not running:
        return
    for job_id in ledger.renew(worker_id(), running):
        log.info("job.stopped", extra={"job_id": job_id})
        running[job_id].terminate(pool, signal="KILL")


def publish_due(ledger: Ledger) -> None:
    """Publish the jobs whose retry is due."""
    for job_id, config, queue in ledger.due(DUE_PER_TICK):
        ledger.publish(job_id, job_message(job_id, config, queue=queue))
