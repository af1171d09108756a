"""Ends a worker within `shutdown_s` of its settings: in order where the time is enough for that.

On SIGTERM Celery finishes what runs, however long that takes, and may wait for ever on the pipe of
a child that was killed in the middle of a message. An alarm bounds that: what still runs then goes
back to the queue for other workers.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import time
from typing import TYPE_CHECKING, Any

from celery.worker import state as worker_state
from redis import RedisError

from worker.ledger.connection import open_ledger
from worker.ledger.identity import worker_id
from worker.operating.probes import ALIVE, READY, ProbeFiles
from worker.running.process.children import kill_children
from worker.running.process.outage import TRY_AGAIN_S
from worker.running.process.state import WorkerState, this_worker
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.ledger.ledger import Ledger

log = logging.getLogger("arbtune.worker")

# Giving back and ending take their time too, and belong to the same bound.
RESERVE_S = 1.0


# Whoever started the worker with `nohup` wants it to outlive the terminal.
_OUTLIVES_TERMINAL = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def stop_at_hang_up() -> None:
    """Treat SIGHUP as SIGTERM: Celery would start again, or ignore it on a closed terminal."""
    as_if = signal.SIG_IGN if _OUTLIVES_TERMINAL else signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGHUP, as_if)


def bound_shutdown(**_: Any) -> None:
    """Start the clock. Celery calls this when the first signal to stop has come."""
    Shutdown(this_worker()).begin()


class Shutdown:
    """The end of the worker with this state."""

    def __init__(self, state: WorkerState) -> None:
        self._state = state

    def begin(self) -> None:
        """Start the clock."""
        self._state.begin_to_stop()
        log.info("worker.stopping")
        settings = Settings.from_environment()
        ProbeFiles(settings).remove(READY)
        atexit.register(self.end_in_order)
        signal.signal(signal.SIGALRM, self.end_now)
        # Unless the leases can be made to last, what runs must end while they do.
        bound_s = settings.shutdown_s
        signal.setitimer(signal.ITIMER_REAL, _until(min(bound_s, settings.lease_s / 2)))
        if self._lease_until_the_end(settings):
            signal.setitimer(signal.ITIMER_REAL, _until(bound_s))

    def return_running_jobs(self) -> None:
        """End every child of this worker and give back what it ran."""
        signal.setitimer(signal.ITIMER_REAL, 0)  # it would outlive an exec, its handler would not
        kill_children()
        try:
            self._give_back(self._running())
        except Exception as error:  # noqa: BLE001 - the process ends here, whatever Redis says
            log.warning(
                "shutdown.not_returned", extra={"error": f"{type(error).__name__}: {error}"}
            )

    def end_now(self, *_: Any) -> None:
        """Give back what still runs: the time is up."""
        self.return_running_jobs()
        log.info("worker.stopped_late")
        _say_goodbye()
        os._exit(0)

    def end_in_order(self) -> None:
        """Stop the clock in time: an alarm kills an interpreter that ends and has no handlers."""
        self._settle()
        signal.setitimer(signal.ITIMER_REAL, 0)
        _say_goodbye()

    def _settle(self) -> None:
        """Give the server all the time that is left to take what is held: nobody has died here."""
        while self._state.held or self._state.given_up:
            try:
                self._state.record_held()
                self._give_back(self._state.given_up)
                self._state.given_up.clear()
            except RedisError:
                time.sleep(TRY_AGAIN_S)

    def _give_back(self, job_ids: set[str]) -> None:
        for job_id in _ledger(Settings.from_environment()).give_back(worker_id(), job_ids):
            log.info("job.returned", extra={"job_id": job_id})

    def _lease_until_the_end(self, settings: Settings) -> bool:
        """Extend the leases over the whole shutdown, in which nobody renews them."""
        lease_s = settings.shutdown_s + settings.lease_s
        try:
            _ledger(settings).renew(worker_id(), self._running(), lease_s=lease_s)
        except Exception as error:  # noqa: BLE001 - a doubled run is harmless, a lost shutdown is not
            log.warning("shutdown.not_leased", extra={"error": f"{type(error).__name__}: {error}"})
            return False
        return True

    def _running(self) -> set[str]:
        active = {request.id for request in worker_state.active_requests}
        return self._state.given_up | self._state.held.keys() | active


def _ledger(settings: Settings) -> Ledger:
    """A server that does not answer must not use up the time that is left."""
    return open_ledger(settings, tries=0, patience_s=RESERVE_S)


def _until(bound_s: float) -> float:
    return max(bound_s - RESERVE_S, RESERVE_S / 2)


def _say_goodbye() -> None:
    """Remove the probe files, so that no probe takes this worker for alive."""
    ProbeFiles(Settings.from_environment()).remove(ALIVE, READY)
