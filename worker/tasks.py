"""The Celery tasks: claim, run, return. The result backend records outcomes."""

from __future__ import annotations

import logging
from typing import Any

from celery import Task
from celery.exceptions import Ignore

from arbitrage.arbitrage_core import ENGINE_VERSION
from worker.celery_app import app
from worker.ledger.envelope import CHUNKS, JOBS, Route, list_of
from worker.ledger.identity import worker_id
from worker.ledger.ledger import Attempt
from worker.running.jobs import canvas
from worker.running.jobs.chunk_job import run_chunk, version_of_chunk
from worker.running.jobs.chunks import Chunk, ChunkMaxima, ChunkResult, DataFacts
from worker.running.jobs.job import attempt_job, attempted
from worker.running.jobs.task_argument import CHUNK, CONFIG, Payload

log = logging.getLogger("arbtune.jobs")

_OPTIONS = {
    "bind": True,
    "Request": "worker.running.delivery.request:JobRequest",
}


@app.task(name=JOBS.task, **_OPTIONS)
def run_tuning_job(self: Task, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Run one `TuningConfig`, given as a JSON object; the result is its `TuningMetrics`."""
    payload = _claimed(self, Payload.of_message(args, kwargs, CONFIG))
    return attempt_job(payload, self.backend.settings)


@app.task(name=CHUNKS.task, **_OPTIONS)
def run_tuning_chunk(
    self: Task, *args: Any, **kwargs: Any
) -> ChunkResult | ChunkMaxima | DataFacts:
    """Run a range of a sweep's configs; the result is their packed figures, or maxima."""
    payload = _claimed(self, Payload.of_message(args, kwargs, CHUNK))
    settings = self.backend.settings
    # Before it is parsed: another version may say more, or other things.
    if attempted(lambda: version_of_chunk(payload), settings) != ENGINE_VERSION:
        # Of another version of this program, whose workers may be there beside this one.
        self.backend.ledger.give_back(worker_id(), [self.request.id])
        log.info("chunk.of_another_version", extra={"job_id": self.request.id})
        raise Ignore
    chunk = attempted(lambda: Chunk.parse(payload), settings)
    result = attempted(lambda: run_chunk(chunk, settings), settings)
    self.request.configs = chunk.configs  # for the backend to count
    return result


def _claimed(task: Task, payload: Payload) -> Payload:
    """Claim the delivered job; the payload to run it with."""
    job_id = task.request.id
    route = Route(task.name, list_of(task.request.delivery_info))
    kept = canvas.of_message(task.request)
    start = task.backend.ledger.start(job_id, worker_id(), payload.kept, route, kept)
    if start is None:
        # A doubled or late delivery: the job runs, waits for its retry, or has its outcome.
        log.info("job.dropped", extra={"job_id": job_id})
        raise Ignore
    task.request.attempt = Attempt.begin(start)
    canvas.take_over(task.request)
    if start.config in ("", payload.text):  # nothing else is known, or the very same
        return payload
    return Payload.of_text(start.config)
