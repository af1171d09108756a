"""Who works on this queue: each worker leaves its name and versions in Redis, for a while."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from arbitrage.arbitrage_core import ENGINE_VERSION
from worker.ledger.identity import worker_id
from worker.ledger.names import WORKER_KEY, WORKERS_KEY
from worker.operating.signs.told import read_back

if TYPE_CHECKING:
    import redis

# Four announcements in a row may fail before a worker counts as gone.
PRESENT_FOR_S = 10

# A script, since a server whose memory is full would refuse the commands: a worker that goes on
# there must not be taken for one that is gone. Its first write takes no memory, as the ledger's
# does. It says how many messages wait.
_ANNOUNCE = """
local is_known = redis.call('EXPIRE', KEYS[2], ARGV[2]) == 1
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('SADD', KEYS[2], ARGV[3])
if not is_known then redis.call('EXPIRE', KEYS[2], ARGV[2]) end
local waiting = 0
for i = 3, #KEYS do waiting = waiting + redis.call('LLEN', KEYS[i]) end
return waiting
"""


@dataclass(frozen=True, slots=True)
class Presence:
    """A worker: its name, how many jobs it runs at once, and what it runs them with.

    `since` is when it started, in seconds since the epoch; None of one that does not say it.
    """

    worker: str
    concurrency: int
    version: str
    engine_version: str
    since: float | None = None


def program_version() -> str:
    """The version of this installation."""
    return metadata.version("arbtune")


def own_presence(concurrency: int, since: float | None = None) -> Presence:
    """The presence of the worker that this process is or belongs to."""
    return Presence(worker_id(), concurrency, program_version(), ENGINE_VERSION, since)


def announce(client: redis.Redis, presence: Presence, queues: Sequence[str]) -> int:
    """Say that this worker is here; how many messages wait in `queues`. One round trip."""
    script = client.register_script(_ANNOUNCE)
    keys = [WORKER_KEY.format(presence.worker), WORKERS_KEY, *queues]
    return int(script(keys, [json.dumps(asdict(presence)), PRESENT_FOR_S, presence.worker]))


def withdraw(client: redis.Redis, worker: str) -> None:
    """Say that this worker is here no longer. One round trip."""
    pipeline = client.pipeline(transaction=False)
    pipeline.delete(WORKER_KEY.format(worker))
    pipeline.srem(WORKERS_KEY, worker)
    pipeline.execute()


def present_workers(client: redis.Redis) -> list[Presence]:
    """The workers that are here, by name; the names of those that left are removed."""
    names: Any = client.smembers(WORKERS_KEY)
    workers = sorted(name.decode() for name in names)
    if not workers:
        return []
    values: Any = client.mget([WORKER_KEY.format(worker) for worker in workers])
    gone = [worker for worker, value in zip(workers, values, strict=True) if value is None]
    if gone:
        client.srem(WORKERS_KEY, *gone)
    found = (read_back(Presence, value) for value in values if value is not None)
    return [presence for presence in found if presence is not None]
