"""`arbtune worker`."""

from __future__ import annotations

import argparse
import os

from arbitrage.console import EXIT_OK
from arbitrage.errors import ConfigError
from worker.settings import Settings

SUMMARY = "run a worker: it takes jobs from the queue until SIGTERM or Ctrl-C"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "--concurrency",
        type=int,
        metavar="N",
        help="jobs at once, each in a process of its own (default: one per core)",
    )
    parser.add_argument(
        "--events", action="store_true", help="send task events, for Flower and the like"
    )
    parser.add_argument(
        "--local", action="store_true", help="bring up a Redis server of its own, and name its URL"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run until told to stop; 0 after an orderly stop."""
    if arguments.concurrency is not None and arguments.concurrency < 1:
        raise ConfigError("--concurrency must be at least 1")
    if arguments.local:
        return _run_with_own_server(arguments)
    return _run_worker(Settings.from_environment(), arguments)


def _run_with_own_server(arguments: argparse.Namespace) -> int:
    from worker.embedded import embedded_server  # for this flag alone

    with embedded_server() as url:
        os.environ["ARBTUNE_REDIS_URL"] = url
        print(f"export ARBTUNE_REDIS_URL={url}", flush=True)
        return _run_worker(Settings.from_environment(), arguments)


def _run_worker(settings: Settings, arguments: argparse.Namespace) -> int:
    if not settings.data_root.is_dir():
        raise ConfigError(f"ARBTUNE_DATA_ROOT is no folder: {settings.data_root}")
    # The pool is the parallelism: a thread per core in every child would only fight over them.
    # Read by polars when it is imported, and so set before.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    from worker.celery_app import app  # celery
    from worker.logs import configure_logging

    configure_logging()  # before Celery does: it warns while it reads its command line
    argv = [
        "--quiet",  # no banner: a log is one event a line
        "worker",
        f"--hostname=arbtune-{os.getpid()}@%h",  # several workers on one host
        f"--concurrency={arguments.concurrency or 'auto'}",
        "--loglevel=INFO",
        # Talk among workers that nobody listens to, and that delays the start by a second.
        "--without-gossip",
        "--without-mingle",
    ]
    if arguments.events:
        argv.append("--task-events")
    app.worker_main(argv)
    return EXIT_OK
