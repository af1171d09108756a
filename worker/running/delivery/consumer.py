"""Celery's consumer, on a channel of ours, and patient with a server that is away."""

from __future__ import annotations

import time
from typing import Any, cast

from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from redis import RedisError

from worker.ledger.connection import open_ledger
from worker.ledger.ledger import Ledger
from worker.ledger.patience import worker_patience_s
from worker.operating.probes import ProbeFiles
from worker.running.delivery.channel import channel_for
from worker.running.process.children import any_is_spared
from worker.running.process.outage import TRY_AGAIN_S
from worker.running.process.state import this_worker
from worker.settings import Settings


class PatientConsumer(Consumer):
    """Celery's own, named in `worker_consumer`."""

    def __init__(self, *args: Any, task_events: bool, **options: Any) -> None:
        # Heartbeats are events: nobody listens to one without the others.
        super().__init__(
            *args, task_events=task_events, without_heartbeat=not task_events, **options
        )
        self._settings = Settings.from_environment()
        self._probes = ProbeFiles(self._settings)
        self._patience_s = worker_patience_s(self._settings)

    def ensure_connected(self, conn: Any) -> Any:
        """Wait for a server that takes writes, and stay alive in the eyes of a probe."""
        conn.transport.Channel = channel_for(conn.transport)
        # Anew: a connection that was open before may be a silent one.
        ledger = open_ledger(self._settings, tries=0, patience_s=self._patience_s)
        # In the place of Celery's own wait, which knows no errors but lost connections, says a line
        # for each, and lets up to 30 s pass before the next try.
        while (error := self._failed_to_connect(ledger, conn)) is not None:
            this_worker().outage.goes_on(error)
            self._probes.touch_alive()
            maybe_shutdown()
            time.sleep(TRY_AGAIN_S)
        self.first_connection_attempt = False
        self._let_children_record()
        this_worker().outage.has_ended()
        return conn

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        """Report it as an outage; Celery would log a line for each try."""
        this_worker().outage.goes_on(exc)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Drop the connection at once: an orderly end would take longer than the leases."""
        for channel in self.connection.transport.channels:
            channel.hang_up()
        super().on_connection_error_after_connected(exc)

    def _failed_to_connect(self, ledger: Ledger, conn: Any) -> Exception | None:
        errors: Any = (*self.connection_errors, *self.channel_errors, RedisError)
        try:
            ledger.check_rights()
            conn.ensure_connection(max_retries=0, reraise_as_library_errors=False)
        except errors as error:
            return cast("Exception", error)
        return None

    def _let_children_record(self) -> None:
        """Give outcomes that are held the time to be written, before time limits are looked at."""
        until = time.monotonic() + TRY_AGAIN_S + self._patience_s
        while any_is_spared() and time.monotonic() < until:
            maybe_shutdown()
            time.sleep(TRY_AGAIN_S / 20)
