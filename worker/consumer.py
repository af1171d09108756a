"""Celery's consumer, on a channel of ours, and with a sign of life while Redis is away."""

from __future__ import annotations

import logging
import time
from typing import Any

from celery.worker.consumer import Consumer

from worker.carrier import Channel
from worker.operating.probes import ProbeFiles
from worker.settings import Settings

SAY_AGAIN_S = 60.0


class PatientConsumer(Consumer):
    """Celery's own, named in `worker_consumer`."""

    def ensure_connected(self, conn: Any) -> Any:
        """Wait for the server, as Celery does, and stay alive in the eyes of a probe."""
        conn.transport.Channel = Channel
        settings = Settings.from_environment()
        files, outage = ProbeFiles(settings), Outage(settings.redis_place)
        ensure_connection = conn.ensure_connection

        def ensure(_: Any, *args: Any, callback: Any, **options: Any) -> Any:
            def every_second() -> None:
                files.touch_alive()
                callback()

            # In the place of Celery's own, which says a line for each try.
            connected = ensure_connection(outage.goes_on, *args, callback=every_second, **options)
            outage.has_ended()
            return connected

        conn.ensure_connection = ensure
        return super().ensure_connected(conn)


class Outage:
    """A time without the server, told at its begin, once a minute, and at its end."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._log = logging.getLogger("arbtune.worker")
        self._began: float | None = None
        self._told = 0.0

    def goes_on(self, error: Exception, pause_s: float) -> None:
        """A try has failed, and the next comes after a pause."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
        elif now - self._told < SAY_AGAIN_S:
            return
        self._told = now
        self._log.error(
            "redis.away",
            extra={
                "redis": self._place,
                "error": str(error),
                "remedy": "check ARBTUNE_REDIS_URL and that the server runs; the worker waits for "
                "it and goes on by itself",
                "seconds": round(now - self._began, 3),
                "next_try_s": pause_s,
            },
        )

    def has_ended(self) -> None:
        """The server answers."""
        if self._began is not None:
            seconds = round(time.monotonic() - self._began, 3)
            self._log.info("redis.back", extra={"redis": self._place, "seconds": seconds})
