"""How jobs get from a client into the queue: checked, recorded and published in batches.

Whoever submits to the ledger does it here, so that the trace of each job begins here too.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from arbitrage.documents.config import TuningConfig, checked_text
from arbitrage.errors import ConfigError
from worker.ledger.connection import RedisUnavailableError, open_ledger, redis_errors_in_a_sentence
from worker.ledger.envelope import JOBS, Route, job_message
from worker.ledger.ledger import Ledger, Submission
from worker.operating.trace import traces
from worker.settings import Settings

# Jobs in one round trip: enough to hide the trip, few enough to hold up other clients for
# milliseconds only.
BATCH = 500
MAX_ID_LENGTH = 200


def enqueue(config: TuningConfig | dict[str, Any], *, job_id: str | None = None) -> str:
    """Enqueue one job on the server that the settings name; its id.

    The same job under the same id again changes nothing while it waits or runs. After its end it
    is run anew, and the old result is removed.

    Raises:
        ConfigError: (a `ValueError`) The config is refused, or another job is open under `job_id`.
        RedisUnavailableError: Redis cannot be reached; nothing is confirmed.
    """
    return _enqueue([(job_id, config)])[0]


def enqueue_many(configs: Iterable[TuningConfig | dict[str, Any]]) -> list[str]:
    """Enqueue many jobs, `BATCH` of them in a round trip; their ids, in the same order.

    All configs are checked before the first is sent.

    Raises:
        ConfigError: (a `ValueError`) A config is refused; nothing was sent.
        RedisUnavailableError: Redis went away; the text says how many were sent, and `job_ids`
            which: they will run.
    """
    return _enqueue([(None, config) for config in configs])


def _enqueue(jobs: list[tuple[str | None, TuningConfig | dict[str, Any]]]) -> list[str]:
    submissions = [submission(config, job_id) for job_id, config in jobs]
    settings = Settings.from_environment()
    batches = send_all(settings, open_ledger(settings), submissions, len(submissions))
    return [job_id for batch in batches for job_id in batch]


def submission(config: TuningConfig | dict[str, Any], job_id: str | None = None) -> Submission:
    """A job ready to be sent.

    Raises:
        ConfigError: The config or the id is refused.
    """
    text = checked_text(config)
    chosen = str(uuid.uuid4()) if job_id is None else checked_id(job_id)
    return Submission(chosen, text, job_message(chosen, text))


def checked_id(job_id: str) -> str:
    """The id itself, when a Redis key, a log line and a terminal can carry it.

    Raises:
        ConfigError: They cannot.
    """
    is_text = bool(job_id) and isinstance(job_id, str)  # a program may pass a number
    if not (is_text and len(job_id) <= MAX_ID_LENGTH and job_id.isascii() and job_id.isprintable()):
        raise ConfigError(
            f"a job id has 1 to {MAX_ID_LENGTH} printable ASCII characters, unlike {job_id!r:.60}"
        )
    return job_id


def submit(ledger: Ledger, jobs: Sequence[Submission], route: Route) -> list[str]:
    """Record and publish jobs in one step, and begin their traces; `Ledger.submit`'s verdicts."""
    began_ns = traces.clock_ns()
    verdicts = ledger.submit(jobs, route)
    traces.submitted(jobs, verdicts, route.queue, began_ns)
    return verdicts


def send(ledger: Ledger, submissions: Iterable[Submission]) -> Iterator[list[str]]:
    """Send batch after batch; yields the ids of each when the ledger has confirmed it.

    Raises:
        ConfigError: Another job is open under one of the ids; the others of its batch were sent.
    """
    remaining = iter(submissions)
    while batch := list(islice(remaining, BATCH)):
        verdicts = submit(ledger, batch, JOBS)
        taken = [
            job.job_id for job, verdict in zip(batch, verdicts, strict=True) if verdict == "taken"
        ]
        if taken:
            raise ConfigError(f"another job is still queued or running under the id {taken[0]}")
        yield [job.job_id for job in batch]


def send_all(
    settings: Settings, ledger: Ledger, submissions: Iterable[Submission], total: int
) -> Iterator[list[str]]:
    """`send`, for people.

    Raises:
        ConfigError: As `send`.
        RedisUnavailableError: Redis went away; the text says how many of the `total` were sent.
    """
    sent: list[str] = []
    try:
        with redis_errors_in_a_sentence(settings):
            for batch in send(ledger, submissions):
                sent += batch
                yield batch
    except RedisUnavailableError as error:
        stopped = RedisUnavailableError(f"{error}; {len(sent):,} of {total:,} jobs were sent")
        stopped.job_ids = tuple(sent)
        raise stopped from error
