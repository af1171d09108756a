"""The ledger: what Redis knows of a job. The transitions themselves are in `ledger.lua`."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import TYPE_CHECKING, Any

from worker import traces
from worker.envelope import Route

if TYPE_CHECKING:
    import redis

JOB_KEY = "arbtune:job:{}"
INDEX_KEY = "arbtune:jobs:{}"
RESULT_KEY = "celery-task-meta-{}"

DEAD_KEY = "arbtune:dead"

# The worker that reconciles says so once a second; another takes over when it has missed three.
LEAD_MS = 3_000
# A second lets a hiccup of a file system pass; the cap keeps a job within sight of its user.
RETRY_BASE_MS = 1_000
RETRY_CAP_MS = 60_000


class State(StrEnum):
    """Where a job stands. `queued` and `running` are open, the others are outcomes."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_open(self) -> bool:
        return self in (State.QUEUED, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Submission:
    """A job on its way in: its id, its config as JSON text, and the message that carries it."""

    job_id: str
    config: str
    message: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Who speaks for a running job: a worker and, where it is known, which start of the job."""

    worker: str
    start: int | None = None
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """A job that is the caller's to run, with the config that the ledger has for it.

    `attempts` counts this start and those before it, save the ones that were given back.
    """

    holder: Holder
    config: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What ends a job: its state, Celery's record of it, and the error record of a failure.

    A failure `is_dead` when it used up the attempts, and is then kept until somebody purges it. A
    chunk's success is that of many `configs`.
    """

    state: State
    meta: dict[str, Any]
    error: dict[str, Any] | None = None
    is_dead: bool = False
    configs: int = 1


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """A start of a job that ended in an error or with its worker, as the history has it."""

    generation: int
    start: int
    worker: str
    started_at: float
    ended_at: float
    error: dict[str, Any]


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as the ledger has it; times are seconds since the epoch, by the server's clock."""

    job_id: str
    state: State
    config: dict[str, Any] | None
    attempts: int
    generation: int
    worker: str | None
    error: dict[str, Any] | None
    submitted_at: float | None
    started_at: float | None
    finished_at: float | None
    due_at: float | None
    history: tuple[FailedAttempt, ...] = ()
    queue: str | None = None


class Ledger:
    """One record per job, one script call per transition."""

    def __init__(self, client: redis.Redis, *, result_ttl_s: int, lease_s: float) -> None:
        self._client = client
        self._ttl_s = result_ttl_s
        self._lease_ms = round(lease_s * 1000)
        source = resources.files("worker").joinpath("ledger.lua").read_text(encoding="utf-8")
        self._script = client.register_script(source)

    def _call(self, operation: str, *arguments: Any) -> Any:
        return self._script(args=[operation, *arguments])

    # -- the ways in

    def submit(self, jobs: Sequence[Submission], route: Route) -> list[str]:
        """Record and publish jobs in one step.

        A verdict for each: `queued`; `same` or `open`, the very job is there already; `taken`,
        another job waits or runs under this id.
        """
        arguments = [part for job in jobs for part in (job.job_id, job.config, job.message)]
        began_ns = traces.clock_ns()
        verdicts = _texts(self._call("submit", uuid.uuid4().hex, *route, *arguments))
        traces.submitted(jobs, verdicts, route.queue, began_ns)
        return verdicts

    def start(self, job_id: str, worker: str, config: str, route: Route) -> Start | None:
        """Claim a delivered job; None when this delivery is to be dropped.

        `config` is the message's, kept for a job that the ledger meets here for the first time.
        """
        reply = _texts(
            self._call("start", job_id, worker, uuid.uuid4().hex, config, *route, self._lease_ms)
        )
        if reply[0] != "run":
            return None
        holder = Holder(worker, start=int(reply[1]), generation=int(reply[2]))
        return Start(holder, config=reply[3], attempts=int(reply[4]))

    # -- the ways out

    def finish(self, job_id: str, holder: Holder, outcome: Outcome) -> str:
        """Write the one outcome; what stands afterwards, `refused`, or `unknown`."""
        reply = self._call(
            "finish",
            job_id,
            outcome.state.value,
            holder.worker,
            _text_or_empty(holder.start),
            _text_or_empty(holder.generation),
            json.dumps(outcome.meta),
            "" if outcome.error is None else json.dumps(outcome.error),
            self._ttl_s,
            int(outcome.is_dead),
            outcome.configs,
        )
        return _text(reply)

    def requeue(self, job_id: str, holder: Holder, failure: Outcome, *, max_attempts: int) -> str:
        """Give a failed attempt another try later, or make the job a dead letter.

        `queued`; `error`, the attempts are used up and the failure stands; `refused`, `unknown`.
        """
        reply = self._call(
            "requeue",
            job_id,
            holder.worker,
            _text_or_empty(holder.start),
            json.dumps(failure.meta),
            json.dumps(failure.error),
            self._ttl_s,
            max_attempts,
            RETRY_BASE_MS,
            RETRY_CAP_MS,
            # Between half and all of the delay: jobs that failed together do not return together.
            random.uniform(0.5, 1.0),  # noqa: S311 - no secret
        )
        return _text(reply)

    def give_back(self, worker: str, job_ids: Iterable[str]) -> list[str]:
        """Queue running jobs anew that their worker cannot finish; the attempt is not counted.

        The ids of those that it still held. An attempt is not counted either, nor the worker as
        dead, where the lease has lapsed in the meantime.
        """
        return _texts(self._call("give_back", worker, *job_ids))

    def cancel(self, job_id: str, meta: dict[str, Any]) -> State:
        """Cancel an open job; the state that stands afterwards."""
        reply = self._call("cancel", job_id, json.dumps(meta), self._ttl_s, self._lease_ms)
        return State(_text(reply))

    # -- upkeep, by the workers' main processes

    def renew(
        self, worker: str, job_ids: Iterable[str], *, lease_s: float | None = None
    ) -> list[str]:
        """Renew the leases of those that this worker holds; the ids of the cancelled ones."""
        lease_ms = self._lease_ms if lease_s is None else round(lease_s * 1000)
        return _texts(self._call("renew", worker, lease_ms, *job_ids))

    def lead(self, worker: str) -> bool:
        """Whether this worker is the one that reconciles, for the next `LEAD_MS`."""
        return bool(self._call("lead", worker, LEAD_MS))

    def due(self, limit: int) -> list[tuple[str, str, Route]]:
        """Jobs whose message is to be published now: id, config as JSON text, route."""
        flat = _texts(self._call("due", limit))
        routes = map(Route, flat[2::4], flat[3::4])
        return list(zip(flat[::4], flat[1::4], routes, strict=True))

    def publish(self, job_id: str, message: str) -> None:
        """Publish a due job, unless somebody else has."""
        self._call("publish", job_id, message)

    def lapse(
        self, limit: int, error: dict[str, Any], *, max_deaths: int
    ) -> list[tuple[str, str, str]]:
        """Return jobs whose lease is gone to the queue; `error` goes into their history.

        The id of each, `queued` or `exhausted`, and the worker that held it.
        """
        flat = _texts(self._call("lapse", limit, max_deaths, self._lease_ms, json.dumps(error)))
        return list(zip(flat[::3], flat[1::3], flat[2::3], strict=True))

    def suspects(self, limit: int) -> set[str]:
        """Waiting jobs whose message may be lost, so many of each queue at most."""
        return set(_texts(self._call("suspects", limit)))

    def revive(self, job_ids: Iterable[str]) -> None:
        """Publish the messages of these jobs again, where they wait still."""
        self._call("revive", *job_ids)

    def server_uptime_s(self) -> float:
        """How long the server has been running."""
        info: Any = self._client.info("server")
        return float(info["uptime_in_seconds"])

    # -- dead letters

    def dead(self, limit: int) -> list[str]:
        """Ids of dead letters, the latest first."""
        return _texts(self._client.zrevrange(DEAD_KEY, 0, limit - 1))

    def is_dead(self, job_id: str) -> bool:
        """Whether the job is a dead letter."""
        return self._client.zscore(DEAD_KEY, job_id) is not None

    def payload(self, job_id: str) -> tuple[str, Route] | None:
        """A job's config as JSON text, and its route: what its message is made of."""
        config, *route = _texts_or_none(
            self._client.hmget(JOB_KEY.format(job_id), "config", "task", "queue")
        )
        return None if config is None else (config, Route(*map(str, route)))

    def retry(self, job_id: str, message: str) -> str:
        """Queue a dead letter anew under its id; `queued`, `refused` when it is none, `unknown`."""
        return _text(self._call("retry", job_id, uuid.uuid4().hex, message))

    def purge(self, job_ids: Iterable[str]) -> int:
        """Forget dead letters for good; how many there were."""
        return int(self._call("purge", *job_ids))

    def forget(self, job_ids: Iterable[str]) -> None:
        """Drop what is kept of finished jobs, dead letters too; late deliveries stay refused."""
        self._call("forget", *job_ids)

    # -- questions

    def states(self, job_ids: Sequence[str]) -> list[State]:
        """Where several jobs stand, in one round trip."""
        pipeline = self._client.pipeline(transaction=False)
        for job_id in job_ids:
            pipeline.hget(JOB_KEY.format(job_id), "state")
        return [
            State.UNKNOWN if state is None else State(_text(state)) for state in pipeline.execute()
        ]

    def have_results(self, job_ids: Sequence[str]) -> list[bool]:
        """Which jobs succeeded and still have their result, in one round trip."""
        pipeline = self._client.pipeline(transaction=False)
        for job_id in job_ids:
            pipeline.hget(JOB_KEY.format(job_id), "state")
            pipeline.exists(RESULT_KEY.format(job_id))
        replies = pipeline.execute()
        return [
            state is not None and _text(state) == State.SUCCESS and bool(is_there)
            for state, is_there in zip(replies[::2], replies[1::2], strict=True)
        ]

    def with_prefix(self, prefix: str, states: Iterable[State]) -> list[str]:
        """Ids that start so, of jobs in these states; looks at all jobs in them."""
        return [
            _text(job_id)
            for state in states
            for job_id, _ in self._client.zscan_iter(INDEX_KEY.format(state), match=f"{prefix}*")
        ]

    def record(self, job_id: str) -> JobRecord | None:
        """The record of a job, or None for one that the ledger has not met."""
        return self.records([job_id])[0]

    def records(self, job_ids: Sequence[str]) -> list[JobRecord | None]:
        """The records of several jobs, in one round trip."""
        pipeline = self._client.pipeline(transaction=False)
        for job_id in job_ids:
            pipeline.hgetall(JOB_KEY.format(job_id))
        return [
            _job_record(job_id, fields) if fields else None
            for job_id, fields in zip(job_ids, pipeline.execute(), strict=True)
        ]

    def results(self, job_ids: Sequence[str]) -> list[dict[str, Any] | None]:
        """Celery's own record of each job's result, or None where there is none."""
        values: Any = self._client.mget([RESULT_KEY.format(job_id) for job_id in job_ids])
        return [None if value is None else json.loads(value) for value in values]

    def newest(self, state: State, limit: int) -> list[str]:
        """Ids of jobs in a state, the newest first."""
        return _texts(self._client.zrevrange(INDEX_KEY.format(state), 0, limit - 1))

    def counts(self) -> dict[State, int]:
        """How many jobs stand in each state."""
        states = [state for state in State if state is not State.UNKNOWN]
        pipeline = self._client.pipeline(transaction=False)
        for state in states:
            pipeline.zcard(INDEX_KEY.format(state))
        return dict(zip(states, pipeline.execute(), strict=True))


def _job_record(job_id: str, fields: dict[bytes, bytes]) -> JobRecord:
    held = {_text(name): _text(value) for name, value in fields.items()}
    return JobRecord(
        job_id=job_id,
        state=State(held["state"]),
        config=_json_or_none(held.get("config")),
        attempts=int(held.get("starts", 0)) - int(held.get("returned", 0)),
        generation=int(held["generation"]),
        worker=held.get("worker"),
        error=_json_or_none(held.get("error")),
        submitted_at=_seconds(held.get("submitted_ms")),
        started_at=_seconds(held.get("started_ms")),
        finished_at=_seconds(held.get("finished_ms")),
        due_at=_seconds(held.get("due_ms")),
        history=_history(held.get("history", "")),
        queue=held.get("queue"),
    )


def _history(entries: str) -> tuple[FailedAttempt, ...]:
    return tuple(
        FailedAttempt(
            generation=entry["generation"],
            start=entry["start"],
            worker=entry["worker"],
            started_at=entry["started_ms"] / 1000,
            ended_at=entry["ended_ms"] / 1000,
            error=entry["error"],
        )
        for entry in json.loads(f"[{entries}]")
    )


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _texts(values: Any) -> list[str]:
    return [_text(value) for value in values]


def _texts_or_none(values: Any) -> list[str | None]:
    return [None if value is None else _text(value) for value in values]


def _text_or_empty(number: int | None) -> str:
    return "" if number is None else str(number)


def _json_or_none(text: str | None) -> dict[str, Any] | None:
    return json.loads(text) if text else None


def _seconds(milliseconds: str | None) -> float | None:
    return None if milliseconds is None else float(milliseconds) / 1000
