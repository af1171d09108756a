"""What `--local` of a client's command brings up: the server and the workers of `embedded`."""

from __future__ import annotations

import os
from contextlib import ExitStack

from worker.client.embedded import embedded_server, ended_by_signals, local_workers
from worker.running.jobs.data_root import check_root
from worker.settings import Settings


def bring_up(stack: ExitStack) -> None:
    """Start them, let the settings name them, and end them with `stack`."""
    check_root(Settings.from_environment().data_root)
    stack.enter_context(ended_by_signals())
    url = stack.enter_context(embedded_server())
    os.environ["ARBTUNE_REDIS_URL"] = url
    cores = len(os.sched_getaffinity(0))
    stack.enter_context(local_workers(1, {"ARBTUNE_REDIS_URL": url}, concurrency=cores))
