"""The Celery tasks: claim, run, return. Outcomes are recorded by `worker.result_backend`."""

from __future__ import annotations

import json
import logging
from typing import Any

from celery import Task
from celery.exceptions import Ignore

from worker.celery_app import app
from worker.envelope import JOBS, Route
from worker.identity import worker_id
from worker.job import Attempt, attempt_job, payload_text

log = logging.getLogger("arbtune.jobs")


@app.task(
    name=JOBS.task,
    bind=True,
    Request="worker.request:JobRequest",
    Strategy="worker.intake:strategy",
)
def run_tuning_job(self: Task, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Run one `TuningConfig`, given as a JSON object; the result is its `TuningMetrics`."""
    job_id = self.request.id
    queue = (self.request.delivery_info or {}).get("routing_key") or JOBS.queue
    route = Route(JOBS.task, queue)
    start = self.backend.ledger.start(job_id, worker_id(), payload_text(args, kwargs), route)
    if start is None:
        # A doubled or late delivery: the job runs, waits for its retry, or has its outcome.
        log.info("job.dropped", extra={"job_id": job_id})
        raise Ignore
    self.request.attempt = Attempt.begin(start)
    if start.config:  # of the ledger; what is unfit for it is refused by what the message says
        args, kwargs = (json.loads(start.config),), {}
    return attempt_job(args, kwargs, self.backend.settings)
