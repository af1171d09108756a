"""The ledger: what becomes of a job in Redis. The transitions themselves are in `ledger.lua`."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from worker.ledger import retries, script
from worker.ledger.envelope import Route
from worker.ledger.view import FailedAttempt, JobRecord, LedgerView, State, text, texts

if TYPE_CHECKING:
    import redis

    from arbitrage.documents.result import ErrorRecord
    from worker.ledger.celery_meta import Meta

__all__ = [
    "Attempt",
    "FailedAttempt",
    "Holder",
    "JobRecord",
    "Ledger",
    "Outcome",
    "Start",
    "State",
    "Submission",
]

# The worker that reconciles says so at every beat; another takes over when it has missed three.
LEAD_MS = 4_000


@dataclass(frozen=True, slots=True)
class Submission:
    """A job on its way in: its id, its config as JSON text, and the message that carries it."""

    job_id: str
    config: str
    message: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a running job: a worker and, where it is known, which start of the job."""

    worker: str
    start: int | None = None
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """A job that the caller has claimed, with the config that the ledger has for it.

    `attempts` counts this start and those before it, save the ones that were given back.
    """

    holder: Holder
    config: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """A start of a job in this process; `began` by the monotonic clock."""

    holder: Holder
    number: int
    began: float

    @classmethod
    def begin(cls, start: Start) -> Attempt:
        return cls(start.holder, start.attempts, time.monotonic())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What ends a job: its state, Celery's record of it, and the error record of a failure.

    A failure `is_dead` when it used up the attempts, and is then kept until somebody purges it. A
    chunk's success is that of many `configs`. `canvas` is for a job that the ledger has not met.
    """

    state: State
    meta: Meta
    error: ErrorRecord | None = None
    is_dead: bool = False
    configs: int = 1
    canvas: str = ""


class Ledger(LedgerView):
    """One record per job, one script call per transition."""

    def __init__(self, client: redis.Redis, *, result_ttl_s: int, lease_s: float) -> None:
        super().__init__(client)
        self._ttl_s = result_ttl_s
        self._lease_ms = round(lease_s * 1000)
        self._script = client.register_script(script.source())

    def _call(self, transition: str, *each: str, **arguments: str | float) -> Any:
        return self._script(args=script.call(transition, *each, **arguments))

    # -- the ways in

    def submit(self, jobs: Sequence[Submission], route: Route) -> list[str]:
        """Record and publish jobs in one step.

        A verdict for each: `queued`; `same` or `open`, the very job is there already; `taken`,
        another job waits or runs under this id.
        """
        parts = [part for job in jobs for part in (job.job_id, job.config, job.message)]
        submission = uuid.uuid4().hex
        return texts(self._call("submit", *parts, submission=submission, **route._asdict()))

    def start(
        self, job_id: str, worker: str, config: str, route: Route, canvas: str = ""
    ) -> Start | None:
        """Claim a delivered job; None when this delivery is to be dropped.

        `config` and `canvas` are the message's, kept for a job that the ledger meets here for the
        first time.
        """
        reply = texts(
            self._call(
                "start",
                id=job_id,
                worker=worker,
                token=uuid.uuid4().hex,
                config=config,
                **route._asdict(),
                canvas=canvas,
                lease_ms=self._lease_ms,
            )
        )
        if reply[0] != "run":
            return None
        holder = Holder(worker, start=int(reply[1]), generation=int(reply[2]))
        return Start(holder, config=reply[3], attempts=int(reply[4]))

    def expect(self, job_id: str, config: str, route: Route, canvas: str) -> None:
        """Record a job of a canvas that Celery is about to publish."""
        self._call("expect", id=job_id, config=config, **route._asdict(), canvas=canvas)

    # -- the ways out

    def finish(self, job_id: str, holder: Holder, outcome: Outcome) -> str:
        """Write the one outcome; the job's state afterwards, or `refused`.

        A job that the ledger has not met enters it here, so that no late delivery starts it.
        """
        reply = self._call(
            "finish",
            id=job_id,
            outcome=outcome.state.value,
            worker=holder.worker,
            start=_text_or_empty(holder.start),
            generation=_text_or_empty(holder.generation),
            meta=json.dumps(outcome.meta),
            error="" if outcome.error is None else json.dumps(outcome.error),
            ttl_s=self._ttl_s,
            is_dead=int(outcome.is_dead),
            configs=outcome.configs,
            canvas=outcome.canvas,
        )
        return text(reply)

    def requeue(self, job_id: str, holder: Holder, failure: Outcome, *, max_attempts: int) -> str:
        """Give a failed attempt another try later, or make the job a dead letter.

        `queued`; `error`, the attempts are used up and the failure stands; `refused`, `unknown`.
        """
        reply = self._call(
            "requeue",
            id=job_id,
            worker=holder.worker,
            start=_text_or_empty(holder.start),
            meta=json.dumps(failure.meta),
            error=json.dumps(failure.error),
            ttl_s=self._ttl_s,
            max_attempts=max_attempts,
            **retries.terms(),
        )
        return text(reply)

    def give_back(self, worker: str, job_ids: Iterable[str]) -> list[str]:
        """Queue running jobs anew that their worker cannot finish; the attempt is not counted.

        The ids of those that it still held. An attempt is not counted either, nor the worker as
        dead, where the lease has lapsed in the meantime.
        """
        return texts(self._call("give_back", *job_ids, worker=worker))

    def ping(self) -> None:
        """Ask the server for an answer.

        Raises:
            redis.RedisError: It gives none.
        """
        self._client.ping()

    def check_rights(self) -> None:
        """Call a transition that finds nothing to do, with all the rights that one needs.

        A server must be able to write it.

        Raises:
            redis.RedisError: One is missing, or the server is away, or takes no writes.
        """
        nothing = script.call("give_back", "arbtune-check", worker="nobody")
        self._script(args=nothing)

    def cancel(self, job_id: str, meta: Meta) -> State:
        """Cancel an open job; its state afterwards."""
        return State(text(self._call("cancel", id=job_id, **self._cancelling(meta))))

    def cancel_each(self, metas: Mapping[str, Meta], only: State | None = None) -> list[str]:
        """Cancel the jobs that are open, or in one state; the ids of those that were cancelled."""
        pipeline = self._client.pipeline(transaction=False)
        for job_id, meta in metas.items():
            call = script.call("cancel", id=job_id, **self._cancelling(meta, only))
            self._script(args=call, client=pipeline)
        return [
            job_id
            for job_id, reply in zip(metas, pipeline.execute(), strict=True)
            if text(reply) == State.CANCELLED
        ]

    def _cancelling(self, meta: Meta, only: State | None = None) -> dict[str, str | int]:
        return {
            "meta": json.dumps(meta),
            "ttl_s": self._ttl_s,
            "lease_ms": self._lease_ms,
            "only": only or "",
        }

    # -- periodic work of the workers' main processes

    def renew(
        self, worker: str, job_ids: Iterable[str], *, lease_s: float | None = None
    ) -> list[str]:
        """Renew the leases of the jobs that this worker holds; the ids of the cancelled ones."""
        lease_ms = self._lease_ms if lease_s is None else round(lease_s * 1000)
        return texts(self._call("renew", *job_ids, worker=worker, lease_ms=lease_ms))

    def ended(self, worker: str, job_ids: Iterable[str]) -> None:
        """Record that the children of these cancelled jobs have ended."""
        self._call("ended", *job_ids, worker=worker)

    def lead(self, worker: str) -> bool:
        """Whether this worker is the one that reconciles, for the next `LEAD_MS`."""
        return bool(self._call("lead", worker=worker, lead_ms=LEAD_MS))

    def due(self, limit: int) -> list[tuple[str, str, Route, str]]:
        """Jobs whose message is to be published now: what `job_message` makes it of."""
        flat = texts(self._call("due", limit=limit))
        routes = map(Route, flat[2::5], flat[3::5])
        return list(zip(flat[::5], flat[1::5], routes, flat[4::5], strict=True))

    def publish(self, job_id: str, message: str) -> None:
        """Publish a due job, unless somebody else has."""
        self._call("publish", id=job_id, message=message)

    def lapse(
        self, limit: int, error: ErrorRecord, *, max_deaths: int
    ) -> list[tuple[str, str, str]]:
        """Return jobs whose lease is gone to the queue; `error` goes into their history.

        The id of each, `queued` or `exhausted`, and the worker that held it.
        """
        flat = texts(
            self._call(
                "lapse",
                limit=limit,
                max_deaths=max_deaths,
                lease_ms=self._lease_ms,
                error=json.dumps(error),
            )
        )
        return list(zip(flat[::3], flat[1::3], flat[2::3], strict=True))

    def suspects(self, limit: int) -> set[str]:
        """Waiting jobs whose message may be lost, so many of each queue at most."""
        return set(texts(self._call("suspects", limit=limit)))

    def make_due(self, job_ids: Iterable[str]) -> None:
        """Make jobs due that wait still: their messages, which are lost, are published again."""
        self._call("make_due", *job_ids)

    def owed(self, limit: int) -> list[str]:
        """Ended jobs whose followers in a canvas were not sent in time."""
        return texts(self._call("owed", limit=limit))

    def settled(self, job_id: str) -> None:
        """Record that the followers of an ended job are sent."""
        self._call("settled", id=job_id)

    # -- dead letters

    def reopen(self, job_id: str, message: str) -> str:
        """Queue a dead letter anew: `queued`; `refused` when it is not one; `unknown`."""
        return text(self._call("reopen", id=job_id, submission=uuid.uuid4().hex, message=message))

    def purge(self, job_ids: Iterable[str]) -> int:
        """Forget dead letters for good; how many there were."""
        return int(self._call("purge", *job_ids))

    def forget(self, job_ids: Iterable[str]) -> None:
        """Delete what is kept of finished jobs, dead letters too; late deliveries stay refused."""
        self._call("forget", *job_ids)


def _text_or_empty(number: int | None) -> str:
    return "" if number is None else str(number)
