"""How many messages wait in each queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from worker.ledger.envelope import JOBS, PRIORITY_SEPARATOR
from worker.ledger.names import QUEUES_KEY

if TYPE_CHECKING:
    import redis

# The lists that kombu keeps for one queue: a plain client may have sent with a priority.
_PRIORITIES = ("", *(f"{PRIORITY_SEPARATOR}{step}" for step in (3, 6, 9)))


def queue_depths(client: redis.Redis) -> dict[str, int]:
    """The messages that no worker has taken, by the name of their queue; two round trips."""
    known: Any = client.smembers(QUEUES_KEY)
    names = (name.decode().partition(PRIORITY_SEPARATOR)[0] for name in known)
    queues = sorted({JOBS.queue, *names})
    pipeline = client.pipeline(transaction=False)
    for queue in queues:
        for priority in _PRIORITIES:
            pipeline.llen(queue + priority)
    lengths = iter(pipeline.execute())
    return {queue: sum(next(lengths) for _ in _PRIORITIES) for queue in queues}
