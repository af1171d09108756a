"""Renews the leases of a worker's jobs, or ends those jobs before their leases end.

An alarm of the kernel watches over the renewals, since the event loop stands still while Celery
looks for a lost broker. When the leases are about to end it ends the children, so that no other
worker starts a job that still runs here; what ran is given back once the server answers again.
How long a lease is: `lease_s` in `worker/settings.py`.
"""

from __future__ import annotations

import logging
import signal
import time
from typing import TYPE_CHECKING, Any

from celery.worker import state as worker_state

from worker.ledger.identity import worker_id
from worker.operating.trace import traces
from worker.running.process.children import end_computing_children, is_spared

if TYPE_CHECKING:
    from worker.ledger.ledger import Ledger
    from worker.running.process.state import WorkerState

log = logging.getLogger("arbtune.worker")

# Of a lease, what is kept for ending the children: the kernel may be late, and so may we.
RESERVED = 0.25
SOON_S = 0.05  # an alarm of 0 is none

# What tells a worker to stop, in Celery's eyes.
STOPS = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM})


class Leases:
    """The leases of the jobs that run in this worker."""

    def __init__(self, ledger: Ledger, lease_s: float, state: WorkerState) -> None:
        self._ledger = ledger
        self._lease_s = lease_s
        self._state = state
        self._renewed_at = time.monotonic()
        self._set_alarm()  # a job may start before the first renewal

    def renew(self, pool: Any) -> None:
        """Renew all in one round trip, and end the children of cancelled jobs.

        An empty round trip, too, tells that the server is there: a child may start a job at any
        time.
        """
        running = list(worker_state.active_requests)
        asked_at = time.monotonic()
        cancelled = self._ledger.renew(
            worker_id(), self._state.held.keys() | {request.id for request in running}
        )
        self._renewed_at = asked_at
        self._set_alarm()
        for request in running:
            if request.id in cancelled:
                log.info("job.stopped", extra={"job_id": request.id})
                request.stop(pool)
        if cancelled:
            self._ledger.ended(worker_id(), cancelled)
        for job_id in cancelled:
            traces.attempt_cancelled(self._ledger, job_id)
        self._give_back()

    def _set_alarm(self) -> None:
        # A signal to stop may come in the middle of a renewal; the alarm is the shutdown's then.
        # One that comes from here on is held back, or its alarm would be replaced by ours.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            if self._state.is_stopping:
                return
            signal.signal(signal.SIGALRM, self._end_children)
            # From when the server was asked: its answer may have taken a good part of the lease.
            left_s = self._renewed_at + self._lease_s * (1 - RESERVED) - time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, max(left_s, SOON_S))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _end_children(self, *_: object) -> None:
        if time.monotonic() - self._renewed_at >= self._lease_s:
            # The whole worker was frozen, and the leases are gone already. What runs here may run
            # elsewhere too; the ledger takes one outcome, and this one may be the earlier.
            return
        for request in list(worker_state.active_requests):
            if not is_spared(request.worker_pid):
                request.is_given_up = True
                self._state.given_up.add(request.id)
        end_computing_children()
        log.warning("leases.given_up", extra={"jobs": len(self._state.given_up)})

    def _give_back(self) -> None:
        given_up = self._state.given_up
        if not given_up:
            return
        still_here = {
            request.id for request in worker_state.active_requests if not request.is_given_up
        }
        for job_id in self._ledger.give_back(worker_id(), given_up - still_here):
            log.info("job.returned", extra={"job_id": job_id})
        given_up.clear()
