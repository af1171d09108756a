"""`arbtune worker`."""

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

from arbitrage.errors import ArbtuneError, ConfigError
from arbitrage.shell.console import EXIT_OK, count
from worker.client.embedded import embedded_server
from worker.operating.machine import check_machine
from worker.operating.own_command import own_command
from worker.operating.probes import ALIVE, READY, ProbeFiles
from worker.operating.rights import check_rights
from worker.running.jobs.data_root import check_root
from worker.running.process.state import this_worker
from worker.settings import Settings

SUMMARY = (
    "run a worker: it takes jobs from the queue on ARBTUNE_REDIS_URL until SIGTERM or Ctrl-C, and "
    "reads data files below ARBTUNE_DATA_ROOT"
)

MAX_RESTARTS = 10
RESTART_PAUSE_S = 1.0
STOPS = frozenset({signal.SIGTERM, signal.SIGHUP})


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "--concurrency",
        type=count,
        metavar="N",
        help="jobs at once, each in a process of its own (default: one per core)",
    )
    parser.add_argument(
        "--events", action="store_true", help="send task events, for Flower and the like"
    )
    parser.add_argument(
        "--local",
        action="store_true",
        help="start a Redis server too, and print its URL for other commands",
    )
    parser.add_argument(
        "--log-format",
        choices=("auto", "json", "text"),
        default="auto",
        help="json: an object a line; text: lines to read (default: auto, text on a terminal)",
    )
    parser.add_argument("--restarts-left", type=count, default=MAX_RESTARTS, help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    """Run until told to stop; 0 after an orderly stop."""
    _stop_in_order_from_here_on()
    if arguments.concurrency is not None and arguments.concurrency < 1:
        raise ConfigError("--concurrency must be at least 1")
    if arguments.local:
        return _run_with_own_server(arguments)
    return _run_worker(Settings.from_environment(), arguments)


def _stop_in_order_from_here_on() -> None:
    """End with status 0 on a signal until Celery has its own handlers: no job has begun yet."""
    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as with nohup
            signal.signal(number, _stop_before_the_start)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


def _stop_before_the_start(*_: object) -> None:
    ProbeFiles(Settings.from_environment()).remove(ALIVE, READY)  # those of a worker that died
    this_worker().was_told_early = True  # Celery makes of a SystemExit what it likes
    sys.exit(EXIT_OK)


def _stop_if_told_before(**_: Any) -> None:
    """Stop now if a stop was lost because its SystemExit met a library's callback."""
    if this_worker().was_told_early:
        signal.raise_signal(signal.SIGTERM)  # which is Celery's by now


def _run_with_own_server(arguments: argparse.Namespace) -> int:
    with embedded_server(appendonly="yes") as url:
        os.environ["ARBTUNE_REDIS_URL"] = url
        print(f"export ARBTUNE_REDIS_URL={url}", flush=True)
        return _run_worker(Settings.from_environment(), arguments)


def _run_worker(settings: Settings, arguments: argparse.Namespace) -> int:
    check_root(settings.data_root)
    check_machine(arguments.concurrency or os.cpu_count() or 1)
    check_rights(settings)
    # The pool is the parallelism: a thread per core in every child would only fight over them, and
    # the parent must have none when it forks. Read by the libraries when they are imported.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # polars without memory must end; while it writes down its stack it can wait for ever.
    os.environ["RUST_BACKTRACE"] = "0"
    # Only now, as all of these bring in what reads those variables.
    from celery import signals

    from worker.celery_app import app
    from worker.operating.log.logs import configure_logging

    signals.worker_ready.connect(_stop_if_told_before)

    configure_logging(
        log_format=arguments.log_format
    )  # before Celery does: it warns while it is being set up
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
    _stop_in_order_from_here_on()  # Celery's handler would take it for a worker that is no more
    state = this_worker()
    if state.is_stopping or state.was_told_early:
        return EXIT_OK
    return _start_again(arguments)


def _start_again(arguments: argparse.Namespace) -> int:
    """Become a new worker in this process, after one that died without being told to stop.

    The number of times is bounded, so that what does not pass by itself is seen.
    """
    from worker.running.process.shutdown import Shutdown  # celery

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
