"""`arbtune enqueue`."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING

from arbitrage.console import EXIT_FAILED, EXIT_OK, fail
from arbitrage.errors import ConfigError
from arbitrage.numbers import number
from worker.absence import look_for_workers
from worker.connection import open_ledger, redis_errors_in_a_sentence
from worker.enqueue import checked_id, send_all, submission
from worker.jobs_file import checked_jobs
from worker.settings import Settings
from worker.waiting import wait_for_results

if TYPE_CHECKING:
    from worker.ledger import Submission

SUMMARY = "send one job, given by flags, or many, one JSON object a line; prints their ids"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    from arbitrage.flags import add_config_flags  # pydantic

    add_config_flags(parser)
    parser.add_argument(
        "--jobs",
        metavar="FILE",
        help="a config as a JSON object on each line, or - for stdin; all are checked first",
    )
    parser.add_argument("--job-id", metavar="ID", help="the id of the one job (default: a new one)")
    parser.add_argument(
        "--wait", action="store_true", help="wait, and print the results as they come"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        metavar="S",
        help="with --wait or --local: wait so many seconds at most (default: as long as it takes)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a job")
    parser.add_argument(
        "--local",
        action="store_true",
        help="on a Redis server and workers of its own, which end with the command; waits",
    )


def run(arguments: argparse.Namespace) -> int:
    """Send, and wait if asked to; 0 when all was sent and nothing waited for failed."""
    if arguments.timeout is not None and not (arguments.wait or arguments.local):
        raise ConfigError("--timeout goes with --wait or --local: nothing is waited for without")
    with ExitStack() as stack:
        jobs, total = _jobs(arguments, stack)
        if arguments.local:
            from worker.local import bring_up

            bring_up(stack)
        settings = Settings.from_environment()
        ledger = open_ledger(settings)
        batches = send_all(settings, ledger, jobs, total)
        if not (arguments.wait or arguments.local):
            _announce(batches, total, as_json=arguments.json)
            return EXIT_OK
        job_ids = [job_id for batch in batches for job_id in batch]
        with redis_errors_in_a_sentence(settings):
            succeeded = wait_for_results(
                ledger,
                job_ids,
                as_json=arguments.json,
                timeout_s=arguments.timeout,
                they_go_on=not arguments.local,
                meanwhile=look_for_workers(settings, local=arguments.local),
            )
    return EXIT_OK if succeeded == total else EXIT_FAILED


def _seconds(text: str) -> float:
    try:
        seconds = number(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds, not {text!r:.60}")
    return seconds


def _jobs(arguments: argparse.Namespace, stack: ExitStack) -> tuple[Iterator[Submission], int]:
    from arbitrage.flags import config_from_flags, has_config_flags  # pydantic

    if arguments.jobs is None:
        if arguments.job_id is not None:
            checked_id(arguments.job_id)
        return iter([submission(config_from_flags(arguments), arguments.job_id)]), 1
    if has_config_flags(arguments) or arguments.job_id is not None:
        raise ConfigError("--jobs goes without --job-id and without the parameters of one job")
    source: IO[bytes] = sys.stdin.buffer if arguments.jobs == "-" else _open(arguments.jobs, stack)
    return checked_jobs(source, stack)


def _open(path: str, stack: ExitStack) -> IO[bytes]:
    try:
        return stack.enter_context(open(path, "rb"))  # noqa: PTH123 - a NUL in it is a ValueError
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read the jobs file {path!r}: {reason}") from error


def _announce(batches: Iterable[list[str]], total: int, *, as_json: bool) -> None:
    """Print the ids of each batch when it is confirmed; nothing more is sent when nobody reads."""
    sent = 0
    try:
        for batch in batches:
            sent += len(batch)
            for job_id in batch:
                print(json.dumps({"job_id": job_id}) if as_json else job_id)
    except BrokenPipeError:
        fail(f"{sent:,} of {total:,} jobs were sent, and then nobody read their ids any more")
        raise
