"""The queue, its workers and its sweeps at one moment, in few round trips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from worker.ledger.names import DEAD_KEY, INDEX_KEY
from worker.ledger.view import JobRecord, LedgerView, State
from worker.operating.queue_depths import queue_depths
from worker.operating.signs.presence import Presence, present_workers
from worker.operating.signs.sweeps import SweepSign, awaited_sweeps

if TYPE_CHECKING:
    import redis

# Of jobs that run, so many are asked after: those that fit any terminal.
MOST_RUNNING = 200


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker, and the jobs that it runs."""

    presence: Presence
    jobs: tuple[JobRecord, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """The queue at one moment.

    Attributes:
        now: By the server's clock, in seconds since the epoch.
        jobs: How many stand in each state; ended ones for as long as results are kept.
        oldest_s: How long the job that waits the longest has waited; None where none waits.
        queues: How many messages wait in each queue.
        running: The jobs that run, `MOST_RUNNING` of them at most.
    """

    now: float
    jobs: dict[State, int]
    dead_letters: int
    oldest_s: float | None
    queues: dict[str, int]
    workers: tuple[WorkerView, ...]
    sweeps: tuple[SweepSign, ...]
    running: tuple[JobRecord, ...]

    def as_json(self) -> dict[str, Any]:
        """The object that a program reads."""
        return {
            "now": self.now,
            "jobs": {state.value: count for state, count in self.jobs.items()},
            "dead_letters": self.dead_letters,
            "oldest_waiting_seconds": self.oldest_s,
            "queues": self.queues,
            "workers": [worker_as_json(worker) for worker in self.workers],
            "sweeps": [sweep_as_json(sweep) for sweep in self.sweeps],
        }


def worker_as_json(worker: WorkerView) -> dict[str, Any]:
    """The object of one worker."""
    presence = worker.presence
    host, _, rest = presence.worker.partition("/")
    return {
        "worker": presence.worker,
        "host": host,
        "pid": int(pid) if (pid := rest.partition("/")[0]).isdecimal() else None,
        "concurrency": presence.concurrency,
        "version": presence.version,
        "engine_version": presence.engine_version,
        "since": presence.since,
        "running": [
            {"job_id": job.job_id, "started_at": job.started_at, "attempts": job.attempts}
            for job in worker.jobs
        ],
    }


def sweep_as_json(sweep: SweepSign) -> dict[str, Any]:
    """The object of one sweep."""
    fields = {name: getattr(sweep, name) for name in sweep.__dataclass_fields__}
    return {**fields, "left_seconds": sweep.left_s}


def overview_of(ledger: LedgerView) -> Overview:
    """Ask the server: in eight round trips at most, whatever waits there."""
    client = ledger.client
    states = [state for state in State if state is not State.UNKNOWN]
    counts, dead, oldest, running_ids, time = _in_one_trip(client, states)
    now = time[0] + time[1] / 1e6
    records = ledger.records([job_id.decode() for job_id in running_ids])
    running = tuple(record for record in records if record and record.state is State.RUNNING)
    return Overview(
        now=now,
        jobs=dict(zip(states, counts, strict=True)),
        dead_letters=dead,
        oldest_s=max(0.0, now - oldest[0][1] / 1e3) if oldest else None,
        queues=queue_depths(client),
        workers=_workers(present_workers(client), running),
        sweeps=tuple(awaited_sweeps(client)),
        running=running,
    )


def _in_one_trip(client: redis.Redis, states: Sequence[State]) -> tuple[Any, Any, Any, Any, Any]:
    pipeline = client.pipeline(transaction=False)
    for state in states:
        pipeline.zcard(INDEX_KEY.format(state))
    pipeline.zcard(DEAD_KEY)
    pipeline.zrange(INDEX_KEY.format(State.QUEUED), 0, 0, withscores=True)
    pipeline.zrange(INDEX_KEY.format(State.RUNNING), 0, MOST_RUNNING - 1)
    pipeline.time()
    *counts, dead, oldest, running, time = pipeline.execute()
    return counts, dead, oldest, running, time


def _workers(present: Sequence[Presence], running: Sequence[JobRecord]) -> tuple[WorkerView, ...]:
    return tuple(
        WorkerView(presence, tuple(job for job in running if job.worker == presence.worker))
        for presence in present
    )
