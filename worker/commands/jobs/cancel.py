"""`arbtune cancel ID`, and of many jobs at once."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from arbitrage.errors import ArbtuneError, ConfigError
from arbitrage.shell.console import EXIT_FAILED, EXIT_OK, agrees, somebody_can_answer
from worker.client.jobs.documents import sweeps_are_asked
from worker.commands.asking import asked_ledger
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.connection import redis_errors_in_a_sentence
from worker.ledger.envelope import CHUNKS
from worker.ledger.view import OPEN, State, slices
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.ledger.ledger import JobRecord, Ledger

SUMMARY = (
    "cancel one job or many: a job that waits never starts, a job that runs is stopped; jobs that "
    "are sent in the meantime are not cancelled"
)
EXAMPLES = (
    "arbtune cancel first",
    "arbtune cancel --tag try-1 --yes",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "job_id", metavar="ID", nargs="?", help="the id that arbtune enqueue printed"
    )
    parser.add_argument(
        "--all", action="store_true", help="all jobs that wait or run, chunks of sweeps included"
    )
    parser.add_argument("--tag", help="the jobs with this tag that wait or run")
    parser.add_argument(
        "--state",
        choices=[state.value for state in OPEN],
        help="the jobs that wait, or those that run; with --tag, those of the tag",
    )
    parser.add_argument("--yes", action="store_true", help="cancel many, and do not ask")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Cancel; 0 when the job, or all that were meant, are cancelled now."""
    is_many = arguments.all or arguments.tag is not None or arguments.state is not None
    if is_many == (arguments.job_id is not None):
        raise ConfigError("cancel wants either the ID of a job, or --all, --tag or --state")
    if arguments.all and (arguments.tag is not None or arguments.state is not None):
        raise ConfigError("--all goes without --tag and --state")
    settings = Settings.from_environment()
    with redis_errors_in_a_sentence(settings):
        ledger = asked_ledger(settings)
        return _cancel_many(ledger, arguments) if is_many else _cancel_one(ledger, arguments)


def _cancel_one(ledger: Ledger, arguments: argparse.Namespace) -> int:
    job_id = arguments.job_id
    state = ledger.cancel(job_id, cancelled_meta(job_id))
    if arguments.json:
        print(json.dumps({"job_id": job_id, "status": state.value}))
    else:
        print(_sentence(job_id, state))
    return EXIT_OK if state is State.CANCELLED else EXIT_FAILED


def _sentence(job_id: str, state: State) -> str:
    if state is State.CANCELLED:
        return f"{job_id}  cancelled"
    if state is State.UNKNOWN:
        hint = sweeps_are_asked(job_id, "--cancel") or "nothing to cancel"
        return f"{job_id}  unknown: {hint}"
    return f"{job_id}  {state}: it had ended already"


@dataclass(frozen=True)
class _Many:
    """Jobs, and those of them that are chunks of sweeps."""

    job_ids: list[str]
    chunks: frozenset[str]

    def __str__(self) -> str:
        jobs = f"{len(self.job_ids):,} job{'' if len(self.job_ids) == 1 else 's'}"
        return f"{jobs}, {len(self.chunks):,} of them chunks of sweeps" if self.chunks else jobs


def _cancel_many(ledger: Ledger, arguments: argparse.Namespace) -> int:
    if not (arguments.yes or somebody_can_answer()):
        raise ConfigError("a cancel of many cannot be undone: pass --yes")
    only = None if arguments.state is None else State(arguments.state)
    meant = _meant(ledger, only, arguments.tag)
    if meant.job_ids and not arguments.yes and not agrees(f"cancel {meant}, for good?"):
        raise ArbtuneError("nothing was cancelled")
    done: list[str] = []
    for part in slices(meant.job_ids):
        done += ledger.cancel_each({job_id: cancelled_meta(job_id) for job_id in part}, only)
    cancelled = _Many(done, meant.chunks.intersection(done))
    if arguments.json:
        print(json.dumps({"cancelled": len(done), "chunks": len(cancelled.chunks)}))
    else:
        print(f"cancelled: {cancelled}")
    return EXIT_OK


def _meant(ledger: Ledger, only: State | None, tag: str | None) -> _Many:
    """The open jobs that are meant: all, those in one state, or those with one tag."""
    job_ids: dict[str, None] = {}
    chunks: set[str] = set()
    for state in OPEN if only is None else [only]:
        for part in slices(ledger.all_in(state)):
            records = [record for record in ledger.records(part) if record is not None]
            meant = [one for one in records if tag is None or _tag_of(one) == tag]
            job_ids |= dict.fromkeys(one.job_id for one in meant)
            chunks |= {one.job_id for one in meant if one.queue == CHUNKS.queue}
    return _Many(list(job_ids), frozenset(chunks))


def _tag_of(record: JobRecord) -> object:
    """The tag; whatever a plain client sent is not a config yet."""
    return record.config.get("tag") if isinstance(record.config, dict) else None
