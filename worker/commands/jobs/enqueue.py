"""`arbtune enqueue`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import IO, TYPE_CHECKING, TextIO

from arbitrage.errors import ConfigError
from arbitrage.shell.console import EXIT_FAILED, EXIT_OK, say, warn
from arbitrage.shell.flags import add_config_flags, config_from_flags, has_config_flags
from arbitrage.shell.numbers import number
from worker.client.jobs.differences import Differences
from worker.client.jobs.jobs_file import checked_jobs
from worker.client.jobs.sending import checked_id, send_all, submission
from worker.client.jobs.waiting import wait_for_results
from worker.client.own_server import bring_up
from worker.client.worker_watch import look_for_workers
from worker.ledger.connection import open_patient_ledger, redis_errors_in_a_sentence
from worker.ledger.view import State
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.ledger.ledger import Ledger, Submission

SUMMARY = "send one job, described by flags, or many from a file; print their ids"
EXAMPLES = (
    (
        "arbtune enqueue --job-id first --data-file quotes.csv --min-spread-bps 30 "
        "--taker-fee-a-bps 5 --taker-fee-b-bps 5 --slippage-bps 2 --max-position-usd "
        "1000"
    ),
    "arbtune enqueue --jobs jobs.jsonl",
    "arbtune enqueue --jobs jobs.jsonl --wait --json --timeout 600",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    add_config_flags(parser)
    parser.add_argument(
        "--jobs",
        metavar="FILE",
        help="a config as a JSON object on each line, with a job_id if you like, or - for stdin; "
        "all are checked first",
    )
    parser.add_argument(
        "--job-id",
        metavar="ID",
        help="the id of the one job (default: a new one); one that has ended is run anew, and its "
        "old result is gone",
    )
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
        help="start a Redis server and workers for this command alone, and wait",
    )


def run(arguments: argparse.Namespace) -> int:
    """Send, and wait if asked to; 0 when all was sent and nothing waited for failed."""
    if arguments.timeout is not None and not (arguments.wait or arguments.local):
        raise ConfigError("--timeout goes with --wait or --local: nothing is waited for without")
    with ExitStack() as stack:
        jobs, total = _jobs(arguments, stack)
        if arguments.local:
            bring_up(stack)
        settings = Settings.from_environment()
        with redis_errors_in_a_sentence(settings):
            ledger = open_patient_ledger(settings)
            before = _state_before(ledger, arguments.job_id)
        differences = Differences()
        batches = send_all(settings, ledger, differences.of(jobs), total)
        job_ids = _sent(batches, total, _announcement(arguments))
        if before.is_outcome:
            warn(f"{arguments.job_id} had ended ({before}): it runs anew, its old result is gone")
        if not (arguments.wait or arguments.local):
            return EXIT_OK
        succeeded = wait_for_results(
            settings,
            ledger,
            job_ids,
            as_json=arguments.json,
            differences=differences,
            timeout_s=arguments.timeout,
            they_go_on=not arguments.local,
            meanwhile=look_for_workers(settings, local=arguments.local),
        )
    return EXIT_OK if succeeded == total else EXIT_FAILED


def _state_before(ledger: Ledger, job_id: str | None) -> State:
    return State.UNKNOWN if job_id is None else ledger.states([job_id])[0]


def _seconds(text: str) -> float:
    try:
        seconds = number(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds, not {text!r:.60}")
    return seconds


def _jobs(arguments: argparse.Namespace, stack: ExitStack) -> tuple[Iterator[Submission], int]:
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


def _announcement(arguments: argparse.Namespace) -> Callable[[list[str]], None]:
    """What prints the ids of a batch that is confirmed; where results go to stdout, beside them."""
    if arguments.local:
        return lambda _: None  # nobody can ask for them after this command
    if arguments.wait:
        return partial(_print_each, "sent {}".format, sys.stderr)
    if arguments.json:
        return partial(_print_each, lambda job_id: json.dumps({"job_id": job_id}), sys.stdout)
    return partial(_print_each, str, sys.stdout)


def _print_each(line: Callable[[str], str], stream: TextIO, job_ids: list[str]) -> None:
    for job_id in job_ids:  # a text larger than the stream's buffer is cut where a signal comes
        print(line(job_id), file=stream)
    stream.flush()


def _sent(
    batches: Iterable[list[str]], total: int, announce: Callable[[list[str]], None]
) -> list[str]:
    """Announce the ids of each batch when it is confirmed; the ids of all.

    Nothing more is sent after Ctrl-C, or when nobody reads the ids.
    """
    sent: list[str] = []
    try:
        for batch in _until_ctrl_c(batches):
            sent += batch
            announce(batch)
    except BrokenPipeError:
        say(f"{len(sent):,} of {total:,} jobs were sent, and then nobody read their ids any more")
        raise
    except KeyboardInterrupt:
        say(f"{len(sent):,} of {total:,} jobs were sent and confirmed")
        raise
    return sent


def _until_ctrl_c(batches: Iterable[list[str]]) -> Iterator[list[str]]:
    """The batches, with a Ctrl-C held back until the one on its way is confirmed.

    A second Ctrl-C does not wait for that.
    """
    came: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def hold(number: int, _: object) -> None:
        came.append(number)
        signal.signal(signal.SIGINT, before)

    if before is not signal.SIG_IGN:  # which a script's command in the background inherits
        signal.signal(signal.SIGINT, hold)
    try:
        for batch in batches:
            yield batch
            if came:
                break
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt
