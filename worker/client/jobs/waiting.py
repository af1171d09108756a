"""Waiting for jobs: their results as they come in, and a progress bar beside them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from arbitrage.documents.result import as_text
from arbitrage.errors import ArbtuneError
from arbitrage.shell.console import printable, say
from worker.client.jobs.documents import figures_in_short, result_documents
from worker.ledger.connection import RedisUnavailableError, redis_errors_in_a_sentence
from worker.ledger.ledger import State

if TYPE_CHECKING:
    from worker.client.jobs.differences import Differences
    from worker.ledger.view import LedgerView
    from worker.settings import Settings

POLL_S = 0.2
SLICE = 1_000  # jobs asked after in one round trip
PLAIN_LINE_EVERY_S = 10.0  # progress where no bar can be drawn
IDS_SHOWN = 3  # of jobs that go on, in a sentence


class TimeIsUpError(ArbtuneError):
    """Jobs have not ended within the time that somebody would wait for them."""


def wait_for_results(
    settings: Settings,
    ledger: LedgerView,
    job_ids: Sequence[str],
    *,
    as_json: bool,
    differences: Differences,
    timeout_s: float | None = None,
    they_go_on: bool = True,
    meanwhile: Callable[[], None],
) -> int:
    """Print the result of each job as it ends; how many succeeded.

    `differences`: what of its parameters a job among many is told by.
    `meanwhile`: called again and again while jobs have not ended.
    `they_go_on`: whether the jobs do without this command, which then says how to ask for them.

    Raises:
        ArbtuneError: The time is up, or Redis is away for longer than the ledger waits for it.
    """
    succeeded = failed = 0
    unknown: list[str] = []
    with (
        _printer() as print_line,
        progress_bar(len(job_ids)) as show,
        _farewell(job_ids, they_go_on=they_go_on) as have_ended,
        redis_errors_in_a_sentence(settings),
    ):
        for job_id, document in results_as_they_come(
            ledger, job_ids, timeout_s=timeout_s, meanwhile=meanwhile
        ):
            have_ended.add(job_id)
            if as_json:
                print_line(json.dumps({"job_id": job_id, **document}, ensure_ascii=False))
            elif len(job_ids) == 1:
                print_line(as_text(document))
            else:
                print_line(_line(job_id, document, differences))
            succeeded += document["status"] == State.SUCCESS
            failed += document["status"] != State.SUCCESS
            unknown += [job_id] if document["status"] == State.UNKNOWN else []
            show(succeeded, failed)
    if unknown:
        say(
            f"{len(unknown):,} of {len(job_ids):,} jobs are unknown to the server, which was "
            "emptied, or was started again without its append-only file, or somebody deleted what "
            f"it knew of them; send them again: {_some(unknown)}"
        )
    return succeeded


@contextmanager
def _printer() -> Iterator[Callable[[str], None]]:
    """Prints lines at once; where a progress bar is on the same terminal, after it has ended."""
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        yield partial(print, flush=True)
        return
    held: list[str] = []
    try:
        yield held.append
    finally:
        print("\n".join(held))


@contextmanager
def _farewell(job_ids: Sequence[str], *, they_go_on: bool) -> Iterator[set[str]]:
    """Say at an early end which jobs have not ended; yields the set of those that have."""
    ended: set[str] = set()
    try:
        yield ended
    except (KeyboardInterrupt, TimeIsUpError, RedisUnavailableError) as reason:
        left = [job_id for job_id in dict.fromkeys(job_ids) if job_id not in ended]
        fate = (
            f"go on (arbtune result ID): {_some(left)}" if they_go_on else "end with this command"
        )
        sentence = f"{len(left):,} of {len(job_ids):,} jobs have not ended, and {fate}"
        if isinstance(reason, TimeIsUpError):
            raise ArbtuneError(f"{reason}: {sentence}") from reason
        if isinstance(reason, RedisUnavailableError):
            left_then = f"{len(left):,} of {len(job_ids):,} jobs had not ended: {_some(left)}"
            raise ArbtuneError(f"{reason}; {left_then}") from reason
        if they_go_on:
            say(sentence)
        raise


def _some(job_ids: Sequence[str]) -> str:
    return ", ".join(job_ids[:IDS_SHOWN]) + (", ..." if len(job_ids) > IDS_SHOWN else "")


def results_as_they_come(
    ledger: LedgerView,
    job_ids: Sequence[str],
    *,
    timeout_s: float | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each job's id and result document when it has ended, or is not known to the server any more.

    Raises:
        TimeIsUpError: Not all have ended within `timeout_s`.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    open_ids, looked_at = list(dict.fromkeys(job_ids)), 0
    while open_ids:
        still_open = []
        # One slice after the other: states cost four times as much as results, which tell the rest.
        looked_at = looked_at if looked_at < len(open_ids) else 0
        gone = _not_open(ledger, open_ids[looked_at : looked_at + SLICE])
        looked_at += SLICE
        for start in range(0, len(open_ids), SLICE):
            part = open_ids[start : start + SLICE]
            metas = dict(zip(part, ledger.results(part), strict=True))
            # A job that was not open before and has no result now will never have one.
            done = [job_id for job_id in part if metas[job_id] is not None or job_id in gone]
            still_open += [
                job_id for job_id in part if metas[job_id] is None and job_id not in gone
            ]
            yield from zip(done, result_documents(ledger, done) if done else [], strict=True)
        if still_open and deadline is not None and time.monotonic() > deadline:
            raise TimeIsUpError(f"{timeout_s:g} s are over")
        open_ids = still_open
        if open_ids:
            meanwhile()
            time.sleep(POLL_S)


def _not_open(ledger: LedgerView, job_ids: Sequence[str]) -> set[str]:
    """Those of a slice that have ended, or are not known to the server."""
    states = zip(job_ids, ledger.states(job_ids), strict=True)
    return {job_id for job_id, state in states if not state.is_open}


@contextmanager
def progress_bar(total: int) -> Iterator[Callable[[int, int], None]]:
    """A live bar on a terminal's stderr, a plain line now and then elsewhere."""
    if not sys.stderr.isatty():
        yield _plain_progress(total)
        return
    from rich import console, progress  # a pipe does not pay for it

    bar = progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
        console=console.Console(stderr=True),
        redirect_stdout=False,  # results go where stdout goes
    )
    with bar:
        task = bar.add_task("jobs", total=total)

        def show(succeeded: int, failed: int) -> None:
            text = f"jobs, {failed} failed" if failed else "jobs"
            bar.update(task, completed=succeeded + failed, description=text)

        yield show


def _plain_progress(total: int) -> Callable[[int, int], None]:
    next_line = time.monotonic() + PLAIN_LINE_EVERY_S

    def show(succeeded: int, failed: int) -> None:
        nonlocal next_line
        if time.monotonic() >= next_line:
            next_line = time.monotonic() + PLAIN_LINE_EVERY_S
            print(f"{succeeded + failed} of {total} jobs, {failed} failed", file=sys.stderr)

    return show


def _line(job_id: str, document: Mapping[str, Any], differences: Differences) -> str:
    if document["status"] == State.SUCCESS:
        outcome = figures_in_short(document["metrics"])
    else:
        outcome = (document.get("error") or {}).get("message", "")
    tag = printable((document["config"] or {}).get("tag") or "")
    parameters = differences.told(document["config"])
    told = "; ".join(filter(None, (outcome, parameters, f"tag {tag}" if tag else "")))
    return f"{job_id}  {document['status']}  {told}".rstrip()
