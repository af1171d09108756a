"""A time without a server that takes writes: told, waited for, and outlasted by what was reached.

The server may be unreachable, silent, or answer with an error (a replica, a full disk, a script
that runs on): whatever refuses the ledger's writes is an outage like any other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import redis

from worker.ledger.connection import why_away
from worker.ledger.ledger import Ledger
from worker.running.process.children import spared
from worker.settings import Settings

if TYPE_CHECKING:
    from redis.exceptions import RedisError

SAY_AGAIN_S = 60.0
TRY_AGAIN_S = 1.0
# Of one write, to a server that takes others: then it is this write that it refuses.
TRIES = 3

log = logging.getLogger("arbtune.worker")

# What the main process could not record: the id of each job, and what records its outcome.
held: dict[str, Callable[[], Any]] = {}


class ServerAwayError(redis.ConnectionError):
    """Makes Celery leave its event loop and connect anew."""


class Outage:
    """An outage, told at its begin, once a minute, and at its end."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._began: float | None = None
        self._told = 0.0

    def goes_on(self, error: Exception) -> None:
        """A try has failed."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
        elif now - self._told < SAY_AGAIN_S:
            return
        self._told = now
        log.error(
            "redis.away",
            extra={
                "redis": self._place,
                "error": str(error),
                "remedy": f"{why_away(error, self._place)}; "
                "the worker waits for it and goes on by itself",
                "seconds": round(now - self._began, 3),
            },
        )

    def has_ended(self) -> None:
        """The server takes writes."""
        if self._began is not None:
            seconds = round(time.monotonic() - self._began, 3)
            self._began = None
            log.info("redis.back", extra={"redis": self._place, "seconds": seconds})


@cache
def current_outage() -> Outage:
    """The one of this process, whoever in it notices."""
    return Outage(Settings.from_environment().redis_place)


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

    def _outlast(self, error: RedisError, call: Callable[[], Any]) -> Any:
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


def record_or_hold(job_id: str, record: Callable[[], Any]) -> Any:
    """Record an outcome in the main process, or keep it until the server takes it."""
    try:
        return record()
    except redis.RedisError as error:
        held[job_id] = record
        log.warning("outcome.held", extra={"job_id": job_id, "error": str(error)})


def record_held() -> None:
    """Record what was held.

    Raises:
        redis.RedisError: The server is away again; what is left is still held.
    """
    for job_id, record in list(held.items()):
        record()
        del held[job_id]
