"""The state of a worker's main process: one object, from its start to its end.

A worker starts, works, is told to stop, and ends. Celery's signals and steps, and the requests of
its jobs, reach the object through `this_worker`; everything else has it handed over.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

import redis

from worker.running.process.outage import Outage
from worker.settings import Settings

STOPS = frozenset({signal.SIGTERM, signal.SIGHUP})
"""The signals that tell a worker to stop when its jobs have ended."""

log = logging.getLogger("arbtune.worker")


class WorkerState:
    """What a worker is at, and what it still owes to its jobs."""

    def __init__(self) -> None:
        # Told to stop before Celery had its handlers: it ends as soon as it is ready.
        self.was_told_early = False
        # Told to stop: from here on the shutdown sees to the leases, and has the alarm for itself.
        self.is_stopping = False
        # The jobs whose children were ended before their leases were, until they are given back.
        self.given_up: set[str] = set()
        # What could not be recorded: the id of each job, and what records its outcome.
        self.held: dict[str, Callable[[], Any]] = {}

    @cached_property
    def outage(self) -> Outage:
        """The outage of its server, whoever in this process notices."""
        return Outage(Settings.from_environment().redis_place)

    def begin_to_stop(self) -> None:
        """Take note that somebody told it to stop."""
        self.is_stopping = True

    def record_or_hold(self, job_id: str, record: Callable[[], Any]) -> Any:
        """Record an outcome, or keep it until the server takes it."""
        try:
            return record()
        except redis.RedisError as error:
            self.held[job_id] = record
            log.warning("outcome.held", extra={"job_id": job_id, "error": str(error)})

    def record_held(self) -> None:
        """Record what was held.

        Raises:
            redis.RedisError: The server is away again; what is left is still held.
        """
        for job_id, record in list(self.held.items()):
            record()
            del self.held[job_id]


@cache
def this_worker() -> WorkerState:
    """The state of this process, which is one worker."""
    return WorkerState()
