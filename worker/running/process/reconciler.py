"""Returns lost jobs to the queue: those whose lease is gone, and those whose message is lost.

Every worker has one, and one at a time acts. Should two do so for a moment, nothing is harmed: each
step is atomic in the ledger.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from arbitrage.documents.result import error_record
from arbitrage.errors import ProcessLostError
from worker.ledger.celery_meta import failed_meta
from worker.ledger.envelope import job_message
from worker.ledger.identity import worker_id
from worker.ledger.ledger import Holder, Ledger, Outcome, State
from worker.operating.trace import traces
from worker.settings import Settings

AT_ONCE = 500  # jobs of each kind in one step: a step must not hold up the server
SUSPECTS_AT_ONCE = 5_000  # of each queue; their ids alone are read, and become due in one call
LOOK_FOR_LOST_EVERY_S = 5.0  # two such looks find a lost message; owed followers keep the same pace

log = logging.getLogger("arbtune.worker")


def _leave(_: str) -> None:
    """Send nothing."""


class Reconciler:
    """Keeps the ledger in order, when it is this worker's turn."""

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
        send_followers: Callable[[str], None] = _leave,
    ) -> None:
        self._ledger = ledger
        self._send_followers = send_followers  # what comes after an ended job, in Celery's canvas
        self._settings = settings
        self._clock = clock
        # Whoever could not reach the server could not renew: a whole lease must pass, from our
        # start, from the server's, and from a silence of our own, before a lease that is gone
        # means a worker that is gone.
        self._judges_from = clock() + settings.lease_s
        self._last_step = clock()
        self._suspects_from = clock() + LOOK_FOR_LOST_EVERY_S
        self._suspects: set[str] = set()

    def step(self) -> None:
        """Do what is due; called at every beat, and raises when the server is away."""
        self._notice_silence()
        if self._ledger.lead(worker_id()):
            self._judge_leases()
            if self._clock() >= self._suspects_from:
                self._suspects_from = self._clock() + LOOK_FOR_LOST_EVERY_S
                self._look_for_lost_messages()
                self._settle_owed()
            self._publish_due()
        else:
            self._suspects = set()  # of a time when this worker was the one
        self._last_step = self._clock()

    def _notice_silence(self) -> None:
        now, lease_s = self._clock(), self._settings.lease_s
        if now - self._last_step > lease_s / 2:
            self._judges_from = now + lease_s

    def _judge_leases(self) -> None:
        if self._clock() < self._judges_from:
            return
        if self._ledger.server_uptime_s() < self._settings.lease_s:
            return
        deaths = self._settings.max_worker_deaths
        cut_off = ProcessLostError("the worker died, or was cut off: its lease ended")
        error = error_record(cut_off, attempts=None)
        lost: dict[str, str] = {}
        for job_id, verdict, worker in self._ledger.lapse(AT_ONCE, error, max_deaths=deaths):
            lost[job_id] = "retry" if verdict == "queued" else "dead_letter"
            log.warning("job.lapsed", extra={"job_id": job_id, "worker": worker})
            if verdict == "exhausted":
                self._bury(job_id, worker)
        traces.attempts_lost(self._ledger, lost)

    def _bury(self, job_id: str, worker: str) -> None:
        """Make a dead letter of a job under which too many workers have died."""
        record = self._ledger.record(job_id)
        too_often = ProcessLostError(
            f"{self._settings.max_worker_deaths} workers died while they ran the job "
            "(ARBTUNE_MAX_WORKER_DEATHS)"
        )
        error = error_record(too_often, attempts=0 if record is None else record.attempts)
        outcome = Outcome(State.ERROR, failed_meta(job_id, error), error, is_dead=True)
        self._ledger.finish(job_id, Holder(worker), outcome)

    def _look_for_lost_messages(self) -> None:
        found = self._ledger.suspects(SUSPECTS_AT_ONCE)
        # Twice in a row: a message on its way from the queue to a start is in neither for a moment.
        lost = found & self._suspects
        if lost:
            log.warning("job.message_lost", extra={"jobs": len(lost)})
            self._ledger.make_due(lost)
        self._suspects = found - lost

    def _publish_due(self) -> None:
        for job_id, config, route, canvas in self._ledger.due(AT_ONCE):
            self._ledger.publish(job_id, job_message(job_id, config, route, canvas))

    def _settle_owed(self) -> None:
        for job_id in self._ledger.owed(AT_ONCE):
            self._send_followers(job_id)
