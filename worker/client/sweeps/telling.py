"""Says in Redis where a sweep is, for whoever looks at the queue from elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import redis

from worker.client.sweeps.progress import Rate, Show
from worker.operating.signs.sweeps import SweepSign, tell, withdraw

if TYPE_CHECKING:
    from arbitrage.documents.spec.sweep_spec import SweepSpec
    from worker.client.sweeps.collector import Progress

EVERY_S = 2.0


@contextmanager
def telling(client: redis.Redis, sweep_id: str, spec: SweepSpec) -> Iterator[Show]:
    """A function that tells the progress it is given, every two seconds at most.

    A server that takes no writes is the concern of whoever waits for the results.
    """
    began, rate, next_at = time.time(), Rate(), 0.0

    def show(progress: Progress) -> None:
        nonlocal next_at
        per_second, now = rate(progress), time.monotonic()
        if now < next_at:
            return
        next_at = now + EVERY_S
        with suppress(redis.RedisError):
            tell(client, _sign(sweep_id, spec, progress, began, per_second))

    try:
        yield show
    finally:
        with suppress(redis.RedisError):
            withdraw(client, sweep_id)


def _sign(
    sweep_id: str, spec: SweepSpec, progress: Progress, since: float, per_second: float
) -> SweepSign:
    return SweepSign(
        sweep_id=sweep_id,
        data_file=spec.data_file,
        total=progress.total,
        done=progress.done,
        failed=progress.failed,
        running=progress.running,
        queued=progress.queued,
        rank_by=spec.rank_by,
        best=progress.best[spec.rank_by] if progress.best and progress.traded else None,
        since=since,
        per_second=per_second,
    )
