"""A time in which the server takes no writes: the log says `redis.away`, then `redis.back`.

The server may be unreachable, silent, or answer with an error (a replica, a full disk, a script
that runs on): whatever refuses the ledger's writes, or to hand out messages, is an outage like any
other.
"""

from __future__ import annotations

import logging
import time

import redis

from worker.ledger.redis_client import why_away

SAY_AGAIN_S = 60.0
TRY_AGAIN_S = 1.0

log = logging.getLogger("arbtune.worker")


class ServerAwayError(redis.ConnectionError):
    """Makes Celery leave its event loop and connect anew."""


class Outage:
    """An outage, told at its begin, once a minute, and at its end."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._began: float | None = None
        self._told = 0.0

    @property
    def is_on(self) -> bool:
        """Whether the server is away, as far as is known."""
        return self._began is not None

    def goes_on(self, error: Exception) -> None:
        """A try has failed: say `redis.away`, with the reason and the remedy."""
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
        """The server does again what it refused: say `redis.back`, if it was away."""
        if self._began is not None:
            seconds = round(time.monotonic() - self._began, 3)
            self._began = None
            log.info("redis.back", extra={"redis": self._place, "seconds": seconds})
