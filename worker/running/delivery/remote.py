"""Celery's remote commands that would break a promise, replaced. Flower sends them, too.

Loaded after Celery's own, which they replace under the same names.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from celery.worker.control import Panel

TIME_LIMIT = "jobs are limited by ARBTUNE_JOB_TIME_LIMIT_S of each worker"
RATE_LIMIT = "there are no rate limits: what is held back would stand in a worker's memory"


@Panel.register(name="shutdown", type="control")
def stop(_: Any, **__: Any) -> dict[str, str]:
    """Stop the worker in order, as SIGTERM does."""
    os.kill(os.getpid(), signal.SIGTERM)
    return {"ok": "the worker stops"}


@Panel.register(
    name="rate_limit",
    type="control",
    args=[("task_name", str), ("rate_limit", str)],
    signature="<task_name> <rate_limit>",
)
def refuse_rate_limit(_: Any, **__: Any) -> dict[str, str]:
    """Refuse: a worker has no rate limits."""
    return {"error": RATE_LIMIT}


@Panel.register(
    name="time_limit",
    type="control",
    args=[("task_name", str), ("soft", float), ("hard", float)],
    signature="<task_name> <soft_secs> [hard_secs]",
)
def refuse_time_limit(_: Any, **__: Any) -> dict[str, str]:
    """Refuse: the time limit is a setting."""
    return {"error": TIME_LIMIT}
