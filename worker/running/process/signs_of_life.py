"""What a worker shows of itself every two seconds: its presence in Redis and its probe files.

On the timer of Celery's event loop, so that a loop which stands still shows nothing.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import Any

import redis
from celery import bootsteps
from celery.worker import state as worker_state

from worker.ledger.identity import worker_id
from worker.ledger.patience import worker_patience_s
from worker.ledger.redis_client import connect
from worker.operating.probes import ProbeFiles, StallWatch
from worker.operating.signs.presence import announce, own_presence, withdraw
from worker.running.process.state import this_worker
from worker.settings import Settings

INTERVAL_S = 2.0
PATIENCE_S = 2.0  # at most, for an answer of Redis: the event loop stands still meanwhile

log = logging.getLogger("arbtune.worker")


class SignsOfLife(bootsteps.StartStopStep):
    """The step of a worker that announces it and touches its probe files."""

    requires = frozenset({"celery.worker.components:Timer", "celery.worker.components:Pool"})

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._entry: Any = None

    def start(self, parent: Any) -> None:
        settings = Settings.from_environment()
        self._files = ProbeFiles(settings)
        self._files.reset()
        self._watch = StallWatch()
        self._queues = list(parent.app.amqp.queues.consume_from)
        patience_s = min(PATIENCE_S, worker_patience_s(settings))
        self._client = connect(settings, tries=0, patience_s=patience_s)
        self._has_failed = False
        self._since = time.time()
        arguments = (parent, self._client)
        parent.timer.call_after(0, self._beat, arguments)  # ready as soon as it is
        self._entry = parent.timer.call_repeatedly(INTERVAL_S, self._beat, arguments)

    def stop(self, parent: Any) -> None:  # noqa: ARG002 - the bootstep's signature
        if self._entry is None:
            return
        self._entry.cancel()
        with suppress(redis.RedisError):  # the presence ends by itself, a minute later
            withdraw(self._client, worker_id())

    def _beat(self, parent: Any, client: redis.Redis) -> None:
        if this_worker().is_stopping:
            return
        try:
            presence = own_presence(parent.pool.num_processes, self._since)
            waiting = announce(client, presence, self._queues)
        except Exception as error:  # noqa: BLE001 - the next beat tries again; the timer must live
            if not self._has_failed:  # said once: an outage has lines of its own
                log.warning("pulse.failed", extra={"error": f"{type(error).__name__}: {error}"})
            self._has_failed = True
            self._files.touch_alive()  # no restart brings a server back
            return
        self._has_failed = False
        is_away = this_worker().outage.is_on  # the server hands out nothing
        if self._is_stalled(parent, 0 if is_away else waiting):
            log.error("worker.stalled", extra={"waiting": waiting})
            return
        self._files.touch_alive()
        if not is_away:
            self._files.touch_ready()

    def _is_stalled(self, parent: Any, waiting: int) -> bool:
        return self._watch.is_stalled(
            waiting=waiting,
            free=parent.pool.num_processes - len(worker_state.active_requests),
            received=sum(worker_state.total_count.values()),
        )
