"""What `--local` of a client's command brings up: the server and the workers of `embedded`."""

from __future__ import annotations

import os
import sys
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


def with_own_server(settings: Settings, stack: ExitStack) -> Settings:
    """The settings that name a server with workers of its own, up for as long as `stack` is."""
    print("starting a server and workers of its own ...", file=sys.stderr, flush=True)
    os.environ["ARBTUNE_DATA_ROOT"] = os.fspath(settings.data_root)
    bring_up(stack)
    return Settings.from_environment()
