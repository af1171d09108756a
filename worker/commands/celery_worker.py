"""The Celery worker inside `arbtune worker`, and the one after it.

Celery, polars and numba come with this module, which read the environment when they are imported.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any

from celery import signals

from arbitrage.errors import ArbtuneError
from worker.celery_app import app
from worker.operating.log.logs import configure_logging
from worker.operating.own_command import own_command
from worker.operating.probes import READY, ProbeFiles
from worker.running.process.shutdown import Shutdown
from worker.running.process.state import STOPS, this_worker
from worker.settings import Settings

RESTART_PAUSE_S = 1.0


def run_celery(arguments: argparse.Namespace) -> None:
    """Run jobs until it ends, by a signal or of itself."""
    signals.worker_ready.connect(_stop_if_told_before)
    # Before Celery does: it warns while it is being set up.
    configure_logging(log_format=arguments.log_format)
    with suppress(SystemExit):
        # Not by Celery's command line, which takes a quarter of a second to import.
        app.Worker(
            hostname=f"arbtune-{os.getpid()}@{socket.gethostname()}",  # several on one host
            concurrency=arguments.concurrency,
            loglevel="INFO",
            quiet=True,  # no banner: a log is one event a line
            task_events=arguments.events,
            # Talk among workers that nobody listens to, and that delays the start by a second.
            without_gossip=True,
            without_mingle=True,
        ).start()


def _stop_if_told_before(**_: Any) -> None:
    """Stop now if a stop was lost because its SystemExit met a library's callback."""
    if this_worker().was_told_early:
        signal.raise_signal(signal.SIGTERM)  # which is Celery's by now


def start_again(arguments: argparse.Namespace) -> int:
    """Become a new worker in this process, after one that died without being told to stop.

    The number of times is bounded, so that what does not pass by itself is seen.

    Raises:
        ArbtuneError: It was started again often enough, or has a server of its own.
    """
    if arguments.local or arguments.restarts_left < 1:
        raise ArbtuneError("the worker died, and is not started again; its log says of what")
    logging.getLogger("arbtune.worker").error("worker.died")
    ProbeFiles(Settings.from_environment()).remove(READY)
    Shutdown(this_worker()).return_running_jobs()
    time.sleep(RESTART_PAUSE_S)
    command = own_command("worker", f"--restarts-left={arguments.restarts_left - 1}")
    command += [f"--log-format={arguments.log_format}"]
    if arguments.concurrency:
        command += [f"--concurrency={arguments.concurrency}"]
    if arguments.events:
        command += ["--events"]
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)  # until there is a handler again
    os.execv(sys.executable, command)  # noqa: S606 - our own module
