"""A client that knows Celery and nothing of this project, and sends jobs and canvases of them."""

from __future__ import annotations

import json
from typing import Any

import redis
from celery import Celery, chain, chord, group
from celery.canvas import Signature

from tests.chaos.plan import Canvas, Job
from worker.ledger.envelope import JOBS
from worker.ledger.ledger import Ledger, State

STAGE = "chaos-stage"  # a list that no worker reads


class PlainClient:
    """Sends canvases, and again what no worker has ever met, as a client does that hears nothing.

    Celery loses a message of whose job the ledger knows nothing yet, if a worker dies just then.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._server = redis.Redis.from_url(url)
        self._sent: dict[str, bytes] = {}

    def send(self, canvas: Canvas) -> None:
        """Send one canvas; raises when a connection is cut, and may then be called again."""
        app = Celery(broker=self._url, backend=self._url, set_as_current=False)
        app.conf.task_default_queue = STAGE
        # Results are read from the server.
        app.backend.on_task_call = app.backend.add_pending_result = _wait_for_nothing
        with app:
            _signature(app, canvas).apply_async()
        while raw := self._server.rpop(STAGE):
            self._sent[json.loads(raw)["headers"]["id"]] = raw  # type: ignore[arg-type, assignment]
            self._server.lpush(JOBS.queue, raw)  # type: ignore[arg-type]

    def send_lost_again(self, ledger: Ledger) -> int:
        """Send what the ledger has not met; how much that was."""
        states = ledger.states(list(self._sent))
        lost = [
            raw
            for raw, state in zip(self._sent.values(), states, strict=True)
            if state is State.UNKNOWN
        ]
        if lost:
            self._server.lpush(JOBS.queue, *lost)
        return len(lost)


def _wait_for_nothing(*_: Any, **__: Any) -> None:
    """Subscribe to no result; Celery would keep a connection for it."""


def _signature(app: Celery, canvas: Canvas) -> Signature:
    first, *others = [_job(app, job) for job in canvas.jobs]
    match canvas.kind:
        case "chain":
            return chain(first, *others, app=app)
        case "link":
            first.link(others[0])
            return first
        case "group":
            return group([first, *others], app=app)
        case "chord":
            header: Any = group([first, *others[:-1]], app=app)
            return chord(header, others[-1], app=app)
        case _:
            return first


def _job(app: Celery, job: Job) -> Signature:
    return app.signature(JOBS.task, args=[job.config], immutable=True, task_id=job.job_id)
