"""Celery's remote commands, where its own way would break a promise. Flower sends them, too.

Loaded after Celery's own, which they replace under the same names. Celery logs what a command
raises; what it puts off to its event loop, or keeps for jobs to come, must be right.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from celery.worker.control import Panel

from worker.ledger.envelope import CHUNKS, JOBS

Command = Callable[..., dict[str, Any]]

QUEUES = (JOBS.queue, CHUNKS.queue)
OTHER_QUEUE = f"a worker takes jobs from {' and '.join(QUEUES)}, and from no other queue"

MOST_PROCESSES_A_CORE = 4  # jobs compute: more than one a core is for those that wait for a disk

# Each command that is refused, and why.
REFUSED = {
    "rate_limit": "there are no rate limits: what is held back would stand in a worker's memory",
    "time_limit": "jobs are limited by ARBTUNE_JOB_TIME_LIMIT_S of each worker",
    "revoke_by_stamped_headers": "jobs are cancelled by their ids: use revoke",
    # What workers tell one another: which jobs were revoked, and who is to act.
    "hello": "workers tell one another nothing: all that they share is in Redis",
    "election": "workers tell one another nothing: all that they share is in Redis",
}


def _refusal(why: str) -> Command:
    return lambda *_, **__: {"error": why}


def _for_own_queues(command: Command) -> Command:
    def obey(state: Any, queue: Any = None, **_: Any) -> dict[str, Any]:
        return command(state, queue) if queue in QUEUES else {"error": OTHER_QUEUE}

    return obey


def _within_this_machine(command: Command) -> Command:
    """`pool_grow` as far as the machine goes: each process has an interpreter and polars in it."""

    def obey(state: Any, n: Any = 1, **_: Any) -> dict[str, Any]:
        most = MOST_PROCESSES_A_CORE * (os.cpu_count() or 1)
        there = state.consumer.pool.num_processes
        if not isinstance(n, int) or not 1 <= n <= most - there:
            return {"error": f"a worker has at most {most} processes here, and has {there}"}
        return command(state, n)

    return obey


@Panel.register(name="shutdown", type="control")
def stop(_: Any, **__: Any) -> dict[str, str]:
    """Stop the worker in order, as SIGTERM does."""
    os.kill(os.getpid(), signal.SIGTERM)
    return {"ok": "the worker stops"}


Panel.data.update({name: _refusal(why) for name, why in REFUSED.items()})
for _name in ("add_consumer", "cancel_consumer"):
    Panel.data[_name] = _for_own_queues(Panel.data[_name])
Panel.data["pool_grow"] = _within_this_machine(Panel.data["pool_grow"])
