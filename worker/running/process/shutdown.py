"""The end of a worker: in order when there is time, and in time when there is none.

On SIGTERM Celery finishes what runs, however long that takes, and may wait for ever on the pipe of
a child that was killed in the middle of a message. An alarm bounds that: what still runs then goes
back to the queue for other workers.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
from typing import TYPE_CHECKING, Any

from celery.worker import state as worker_state

from worker.ledger.connection import open_ledger
from worker.ledger.identity import worker_id
from worker.operating.probes import ALIVE, READY, ProbeFiles
from worker.running.process.children import given_up, kill_children
from worker.running.process.outage import held
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.ledger.ledger import Ledger

log = logging.getLogger("arbtune.worker")

# Giving back and ending take their time too, and belong to the same bound.
RESERVE_S = 1.0


_requested = False

# Whoever started the worker with `nohup` wants it to outlive the terminal.
_OUTLIVES_TERMINAL = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def was_requested() -> bool:
    """Whether somebody told this worker to stop."""
    return _requested


def stop_at_hang_up() -> None:
    """Take SIGHUP for SIGTERM: Celery would start again, or leave it to a closed terminal."""
    as_if = signal.SIG_IGN if _OUTLIVES_TERMINAL else signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGHUP, as_if)


def bound_shutdown(**_: Any) -> None:
    """Start the clock. Celery calls this when the first signal to stop has come."""
    global _requested  # noqa: PLW0603 - a process stops once
    _requested = True
    log.info("worker.stopping")
    settings = Settings.from_environment()
    ProbeFiles(settings).remove(READY)
    atexit.register(_end_in_order)
    signal.signal(signal.SIGALRM, _end_now)
    # Unless the leases can be made to last, what runs must end while they do.
    bound_s = settings.shutdown_s
    signal.setitimer(signal.ITIMER_REAL, _until(min(bound_s, settings.lease_s / 2)))
    if _lease_until_the_end(settings):
        signal.setitimer(signal.ITIMER_REAL, _until(bound_s))


def _ledger(settings: Settings) -> Ledger:
    """A server that does not answer must not use up the time that is left."""
    return open_ledger(settings, tries=0, patience_s=RESERVE_S)


def _until(bound_s: float) -> float:
    return max(bound_s - RESERVE_S, RESERVE_S / 2)


def _lease_until_the_end(settings: Settings) -> bool:
    """From here on nobody renews: the last leases must outlast the shutdown."""
    lease_s = settings.shutdown_s + settings.lease_s
    try:
        _ledger(settings).renew(worker_id(), _running(), lease_s=lease_s)
    except Exception as error:  # noqa: BLE001 - a doubled run is harmless, a lost shutdown is not
        log.warning("shutdown.not_leased", extra={"error": f"{type(error).__name__}: {error}"})
        return False
    return True


def _running() -> set[str]:
    return given_up | held.keys() | {request.id for request in worker_state.active_requests}


def return_running_jobs() -> None:
    """End every child of this worker and give back what it ran."""
    signal.setitimer(signal.ITIMER_REAL, 0)  # it would outlive an exec, and its handler would not
    kill_children()
    try:
        ledger = _ledger(Settings.from_environment())
        for job_id in ledger.give_back(worker_id(), _running()):
            log.info("job.returned", extra={"job_id": job_id})
    except Exception as error:  # noqa: BLE001 - the process ends here, whatever Redis says
        log.warning("shutdown.not_returned", extra={"error": f"{type(error).__name__}: {error}"})


def _end_now(*_: Any) -> None:
    return_running_jobs()
    log.info("worker.stopped_late")
    _say_goodbye()
    os._exit(0)


def _end_in_order() -> None:
    """Stop the clock in time: where the interpreter ends, an alarm finds no handler, and kills."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    if held:  # by a server that was away to the last: others shall not take it for a death
        return_running_jobs()
    _say_goodbye()


def _say_goodbye() -> None:
    """Leave no probe file that calls this worker alive."""
    ProbeFiles(Settings.from_environment()).remove(ALIVE, READY)
