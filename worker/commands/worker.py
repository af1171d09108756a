"""`arbtune worker`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse
import os
import signal
import sys

from arbitrage.errors import ConfigError
from arbitrage.shell.console import EXIT_OK, count
from worker.client.embedded import embedded_server
from worker.operating.machine import check_machine
from worker.operating.probes import ALIVE, READY, ProbeFiles
from worker.operating.rights import check_rights
from worker.running.jobs.data_root import check_root
from worker.running.process.state import STOPS, this_worker
from worker.settings import Settings

SUMMARY = (
    "run a worker: it takes jobs from the queue on ARBTUNE_REDIS_URL until SIGTERM or Ctrl-C, and "
    "reads data files below ARBTUNE_DATA_ROOT"
)
EXAMPLES = (
    "arbtune worker --concurrency 4",
    "arbtune worker --log-format json",
)

MAX_RESTARTS = 10


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
    from worker.commands.celery_worker import run_celery, start_again  # reads those variables

    run_celery(arguments)
    _stop_in_order_from_here_on()  # Celery's handler would take it for a worker that is no more
    state = this_worker()
    if state.is_stopping or state.was_told_early:
        return EXIT_OK
    return start_again(arguments)
