"""Celery's consumer, on a channel of ours, and with a sign of life while Redis is away."""

from __future__ import annotations

from typing import Any

from celery.worker.consumer import Consumer

from worker.carrier import Channel
from worker.operating.probes import ProbeFiles
from worker.settings import Settings


class PatientConsumer(Consumer):
    """Celery's own, named in `worker_consumer`."""

    def ensure_connected(self, conn: Any) -> Any:
        """Wait for the server, as Celery does, and stay alive in the eyes of a probe."""
        conn.transport.Channel = Channel
        files = ProbeFiles(Settings.from_environment())
        ensure_connection = conn.ensure_connection

        def ensure(*args: Any, callback: Any, **options: Any) -> Any:
            def every_second() -> None:
                files.touch_alive()
                callback()

            return ensure_connection(*args, callback=every_second, **options)

        conn.ensure_connection = ensure
        return super().ensure_connected(conn)
