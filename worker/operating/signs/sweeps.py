"""Which sweeps somebody waits for: each client says in Redis how far its own is, for a while.

The rows of a sweep are with its client. So whoever looks at the queue from elsewhere would see its
chunks alone.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from worker.ledger.names import SWEEP_KEY, SWEEPS_KEY
from worker.operating.signs.told import read_back

if TYPE_CHECKING:
    import redis

TOLD_FOR_S = 10  # several in a row may fail to be told


@dataclass(frozen=True, slots=True)
class SweepSign:
    """Where a sweep is; all counts in configs.

    Attributes:
        best: The best `rank_by` so far, or None.
        since: When this client began, in seconds since the epoch.
        per_second: How many it has computed a second since then.
    """

    sweep_id: str
    data_file: str
    total: int
    done: int
    failed: int
    running: int
    queued: int
    rank_by: str
    best: float | None
    since: float
    per_second: float

    @property
    def left_s(self) -> float | None:
        """How long it will take at this rate; None where there is none."""
        return (self.total - self.done) / self.per_second if self.per_second > 0 else None


def tell(client: redis.Redis, sign: SweepSign) -> None:
    """Say where a sweep is. One round trip.

    Raises:
        redis.RedisError: The server is away, or takes no writes.
    """
    pipeline = client.pipeline(transaction=False)
    pipeline.set(SWEEP_KEY.format(sign.sweep_id), json.dumps(asdict(sign)), ex=TOLD_FOR_S)
    pipeline.sadd(SWEEPS_KEY, sign.sweep_id)
    pipeline.expire(SWEEPS_KEY, TOLD_FOR_S)
    pipeline.execute()


def withdraw(client: redis.Redis, sweep_id: str) -> None:
    """Say that nobody waits for a sweep any more. One round trip."""
    pipeline = client.pipeline(transaction=False)
    pipeline.delete(SWEEP_KEY.format(sweep_id))
    pipeline.srem(SWEEPS_KEY, sweep_id)
    pipeline.execute()


def awaited_sweeps(client: redis.Redis) -> list[SweepSign]:
    """The sweeps that somebody waits for, by their ids; at most two round trips."""
    ids: Any = client.smembers(SWEEPS_KEY)
    if not ids:
        return []
    values: Any = client.mget([SWEEP_KEY.format(name.decode()) for name in sorted(ids)])
    signs = (read_back(SweepSign, value) for value in values if value is not None)
    return [sign for sign in signs if sign is not None]
