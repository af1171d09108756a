"""Reads what the ledger knows of jobs. Nothing here changes a job."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from worker.ledger.envelope import CHUNKS, Route
from worker.ledger.names import DEAD_KEY, INDEX_KEY, JOB_KEY, RESULT_KEY

if TYPE_CHECKING:
    import redis

    from arbitrage.documents.result import ErrorRecord
    from worker.ledger.celery_meta import Meta

# Ids in one command, or commands in one round trip: many enough to hide the trip, few enough to
# hold up other clients of the server for a millisecond only, whatever is asked for.
SLICE = 500


class State(StrEnum):
    """The state of a job. `queued` and `running` are open, the others are outcomes."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_open(self) -> bool:
        return self in OPEN

    @property
    def is_outcome(self) -> bool:
        return not self.is_open and self is not State.UNKNOWN


OPEN = (State.QUEUED, State.RUNNING)


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """A start of a job that ended in an error or with its worker, as the history has it."""

    generation: int
    start: int
    worker: str
    started_at: float
    ended_at: float
    error: ErrorRecord


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as the ledger has it; times are seconds since the epoch, by the server's clock."""

    job_id: str
    state: State
    config: dict[str, Any] | None
    attempts: int
    generation: int
    worker: str | None
    error: ErrorRecord | None
    submitted_at: float | None
    started_at: float | None
    finished_at: float | None
    due_at: float | None
    history: tuple[FailedAttempt, ...] = ()
    task: str | None = None
    queue: str | None = None

    @property
    def is_chunk(self) -> bool:
        """Whether it is a range of a sweep, and not one config."""
        return self.task == CHUNKS.task


class LedgerView:
    """The records of jobs, as they stand."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    @property
    def client(self) -> redis.Redis:
        """The connections to the server, for what is not a job's."""
        return self._client

    def close(self) -> None:
        """Close the connections to the server."""
        self._client.close()

    # -- one job, or those with these ids

    def record(self, job_id: str) -> JobRecord | None:
        """The record of a job, or None for one that the ledger has not met."""
        return self.records([job_id])[0]

    def records(self, job_ids: Sequence[str]) -> list[JobRecord | None]:
        """The records of several jobs."""
        found: list[JobRecord | None] = []
        for part in slices(job_ids):
            pipeline = self._client.pipeline(transaction=False)
            for job_id in part:
                pipeline.hgetall(JOB_KEY.format(job_id))
            replies = zip(part, pipeline.execute(), strict=True)
            found += [_job_record(job_id, fields) if fields else None for job_id, fields in replies]
        return found

    def states(self, job_ids: Sequence[str]) -> list[State]:
        """Where several jobs stand."""
        return [
            State.UNKNOWN if state is None else State(text(state))
            for state in self._field("state", job_ids)
        ]

    def submission_times(self, job_ids: Sequence[str]) -> list[float | None]:
        """When several jobs were sent, in seconds since the epoch; None without a record."""
        return [
            None if sent is None else _seconds(text(sent))
            for sent in self._field("submitted_ms", job_ids)
        ]

    def _field(self, name: str, job_ids: Sequence[str]) -> Iterator[bytes | None]:
        for part in slices(job_ids):
            pipeline = self._client.pipeline(transaction=False)
            for job_id in part:
                pipeline.hget(JOB_KEY.format(job_id), name)
            yield from pipeline.execute()

    def results(self, job_ids: Sequence[str]) -> list[Meta | None]:
        """Celery's own record of each job's result, or None where there is none."""
        found: list[Meta | None] = []
        for part in slices(job_ids):
            values: Any = self._client.mget([RESULT_KEY.format(job_id) for job_id in part])
            found += [None if value is None else json.loads(value) for value in values]
        return found

    def have_results(self, job_ids: Sequence[str]) -> list[bool]:
        """Which jobs succeeded and still have their result, in one round trip."""
        pipeline = self._client.pipeline(transaction=False)
        for job_id in job_ids:
            pipeline.hget(JOB_KEY.format(job_id), "state")
            pipeline.exists(RESULT_KEY.format(job_id))
        replies = pipeline.execute()
        return [
            state is not None and text(state) == State.SUCCESS and bool(is_there)
            for state, is_there in zip(replies[::2], replies[1::2], strict=True)
        ]

    def payload(self, job_id: str) -> tuple[str, Route, str] | None:
        """A job's config as JSON text, its route and its canvas: what its message is made of."""
        config, task, queue, canvas = _texts_or_none(
            self._client.hmget(JOB_KEY.format(job_id), "config", "task", "queue", "canvas")
        )
        return None if config is None else (config, Route(str(task), str(queue)), canvas or "")

    def canvas(self, job_id: str) -> tuple[str, State, Meta] | None:
        """An ended job's canvas, its outcome and Celery's record; or None."""
        canvas, state = _texts_or_none(
            self._client.hmget(JOB_KEY.format(job_id), "canvas", "state")
        )
        [meta] = self.results([job_id])
        if canvas is None or state is None or meta is None:
            return None
        return canvas, State(state), meta

    def is_dead(self, job_id: str) -> bool:
        """Whether the job is a dead letter."""
        return self.dead_of([job_id]) == {job_id}

    def dead_of(self, job_ids: Sequence[str]) -> set[str]:
        """Those of these jobs that are dead letters."""
        found: set[str] = set()
        for part in slices(job_ids):
            scores: Any = self._client.zmscore(DEAD_KEY, list(part))
            found |= {
                job_id for job_id, score in zip(part, scores, strict=True) if score is not None
            }
        return found

    # -- all jobs

    def counts(self) -> dict[State, int]:
        """How many jobs stand in each state."""
        states = [state for state in State if state is not State.UNKNOWN]
        pipeline = self._client.pipeline(transaction=False)
        for state in states:
            pipeline.zcard(INDEX_KEY.format(state))
        listed = dict(zip(states, pipeline.execute(), strict=True))
        return {state: number - self._expired(state) for state, number in listed.items()}

    def _expired(self, state: State) -> int:
        """How many ids an index still has of jobs whose records have gone.

        The next job that ends in this state takes them off. They are the oldest ones.
        """
        expired = 0
        for part in self._ids(INDEX_KEY.format(state), sys.maxsize, newest_first=False):
            there: Any = self._client.exists(*map(JOB_KEY.format, part))
            if there == len(part):
                break
            expired += len(part) - there
        return expired

    def newest(self, state: State, limit: int) -> list[str]:
        """Ids of the `limit` jobs in a state that were sent last, or ended last if they have ended.

        Of those that run, of which there are few, all: their index is by the ends of their leases.
        """
        if state is State.RUNNING:
            return self.all_in(state)
        return _joined(self._ids(INDEX_KEY.format(state), limit))

    def _ids(self, index: str, most: int, *, newest_first: bool = True) -> Iterator[list[str]]:
        """The ids of an index by their scores, in slices."""
        for start in range(0, most, SLICE):
            last = min(start + SLICE, most) - 1
            part = texts(self._client.zrange(index, start, last, desc=newest_first))
            if part:
                yield part
            if len(part) < SLICE:
                return

    def all_in(self, state: State) -> list[str]:
        """Ids of all jobs in a state."""
        return _joined(self._ids(INDEX_KEY.format(state), sys.maxsize))

    def with_prefix(self, prefix: str, states: Iterable[State]) -> list[str]:
        """Ids with this beginning, of jobs in these states; looks at all jobs in them."""
        return [
            text(job_id)
            for state in states
            for job_id, _ in self._client.zscan_iter(
                INDEX_KEY.format(state), match=f"{prefix}*", count=2 * SLICE
            )
        ]

    def dead(self, limit: int) -> list[str]:
        """Ids of dead letters, the latest first."""
        return _joined(self._ids(DEAD_KEY, limit))

    def dead_count(self) -> int:
        """How many dead letters there are."""
        return int(self._client.zcard(DEAD_KEY))

    def server_uptime_s(self) -> float:
        """How long the server has been running."""
        info: Any = self._client.info("server")
        return float(info["uptime_in_seconds"])


def _job_record(job_id: str, fields: dict[bytes, bytes]) -> JobRecord:
    held = {text(name): text(value) for name, value in fields.items()}
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
        task=held.get("task"),
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


def slices(job_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """The ids in parts that can be asked after at once."""
    for start in range(0, len(job_ids), SLICE):
        yield job_ids[start : start + SLICE]


def _joined(parts: Iterable[list[str]]) -> list[str]:
    """All ids, each once: a job that is sent meanwhile moves one from a slice into the next."""
    return list(dict.fromkeys(job_id for part in parts for job_id in part))


def text(value: bytes | str) -> str:
    """A reply of the server as text."""
    return value.decode() if isinstance(value, bytes) else value


def texts(values: Any) -> list[str]:
    """Replies of the server as texts."""
    return [text(value) for value in values]


def _texts_or_none(values: Any) -> list[str | None]:
    return [None if value is None else text(value) for value in values]


def _json_or_none(held: str | None) -> Any:
    return json.loads(held) if held else None


def _seconds(milliseconds: str | None) -> float | None:
    return None if milliseconds is None else float(milliseconds) / 1000
