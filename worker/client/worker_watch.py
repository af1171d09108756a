"""Whether workers are present: asked once, or warned of when a command waits and none is."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import redis

from arbitrage.shell.console import warn
from worker.ledger.redis_client import connect
from worker.operating.signs.presence import present_workers
from worker.settings import Settings

LOOK_EVERY_S = 1.0
PATIENCE_S = 5.0  # a worker that starts, or starts again, is not here at once


class WorkerWatch:
    """Looks for workers now and then, and warns once when none has been there for a while."""

    def __init__(
        self,
        client: redis.Redis,
        place: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._place = place
        self._clock = clock
        self._next_look = clock()
        self._since: float | None = None
        self._is_said = False

    def look(self) -> None:
        """Look, if it is time to; call this as often as you like."""
        now = self._clock()
        if self._is_said or now < self._next_look:
            return
        self._next_look = now + LOOK_EVERY_S
        with suppress(redis.RedisError):  # who waits finds out alone that the server is away
            self._judge(now, is_deserted=not present_workers(self._client))

    def _judge(self, now: float, *, is_deserted: bool) -> None:
        if not is_deserted:
            self._since = None
            return
        if self._since is None:
            self._since = now
        if now - self._since >= PATIENCE_S:
            self._is_said = True
            warn(
                f"no worker is present at {self._place}: start one with arbtune worker, or run "
                "this with --local; it waits for one"
            )


def look_for_workers(settings: Settings, *, local: bool) -> Callable[[], None]:
    """What a command calls while it waits; nothing where it has workers of its own."""
    if local:
        return lambda: None
    return WorkerWatch(connect(settings, tries=0), settings.redis_place).look


def has_workers(settings: Settings) -> bool:
    """Whether workers are present; none is where the server does not answer."""
    with suppress(redis.RedisError, OSError):
        return bool(present_workers(connect(settings, tries=0)))
    return False
