"""`arbtune dead list | show | retry | purge`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from arbitrage.documents.result import Document, as_text
from arbitrage.errors import ArbtuneError, ConfigError
from arbitrage.shell.console import (
    EXIT_FAILED,
    EXIT_OK,
    agrees,
    count,
    printable,
    say,
    somebody_can_answer,
)
from worker.commands.asking import asked_ledger
from worker.ledger.connection import redis_errors_in_a_sentence
from worker.ledger.envelope import job_message
from worker.ledger.view import slices
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.ledger.ledger import FailedAttempt, JobRecord, Ledger

SUMMARY = "the dead letters: jobs that used up their attempts, kept until they are purged"
EXAMPLES = (
    "arbtune dead list",
    "arbtune dead retry ID",
)
COLUMNS = ("JOB", "DIED", "ATTEMPTS", "ERROR")
AT_ONCE = 500  # letters purged in one round trip


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's actions and their flags."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = _add(actions, "list", "list them, the latest first")
    listing.add_argument(
        "--limit", type=count, metavar="N", default=20, help="list so many (default: 20)"
    )
    showing = _add(actions, "show", "show one: its payload and how each attempt ended")
    retrying = _add(actions, "retry", "queue one anew, under its id and with its history")
    for action in (showing, retrying):
        action.add_argument("job_id", metavar="ID", help="as arbtune dead list has it")
    purging = _add(actions, "purge", "delete those that are named, or all")
    purging.add_argument(
        "job_ids",
        metavar="ID",
        nargs="*",
        help="the ids to delete (default: all, after a question on a terminal)",
    )
    purging.add_argument("--yes", action="store_true", help="purge all, and do not ask")
    for action in (listing, showing, retrying, purging):
        action.add_argument("--json", action="store_true", help="print JSON objects")


def _add(actions: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=summary)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked for; 0 when it was done."""
    settings = Settings.from_environment()
    action = {"list": _list, "show": _show, "retry": _retry, "purge": _purge}[arguments.action]
    with redis_errors_in_a_sentence(settings):
        return action(asked_ledger(settings), arguments)


def _list(ledger: Ledger, arguments: argparse.Namespace) -> int:
    job_ids = ledger.dead(arguments.limit)
    if not job_ids and sys.stdout.isatty() and not arguments.json:
        print("no dead letters")
        return EXIT_OK
    if not arguments.json:
        print("\t".join(COLUMNS))
    for part in slices(job_ids):  # what is held in memory does not grow with what is listed
        for record in filter(None, ledger.records(part)):
            if arguments.json:
                print(json.dumps(_letter(record), ensure_ascii=False))
            else:
                print("\t".join(_cells(record)))
    return EXIT_OK


def _show(ledger: Ledger, arguments: argparse.Namespace) -> int:
    print(as_text(_letter(_dead_record(ledger, arguments.job_id))))
    return EXIT_OK


def _retry(ledger: Ledger, arguments: argparse.Namespace) -> int:
    job_id = arguments.job_id
    payload = ledger.payload(job_id)
    if payload is None or ledger.reopen(job_id, job_message(job_id, *payload)) != "queued":
        raise _no_letter(job_id)
    print(json.dumps({"job_id": job_id, "status": "queued"}) if arguments.json else job_id)
    return EXIT_OK


def _purge(ledger: Ledger, arguments: argparse.Namespace) -> int:
    if arguments.job_ids:
        purged = ledger.purge(arguments.job_ids)
    elif arguments.yes or _is_wanted(ledger):
        purged = _purge_all(ledger)
    else:
        raise ArbtuneError("nothing was purged")
    print(json.dumps({"purged": purged}) if arguments.json else f"{purged:,} purged")
    missing = len(set(arguments.job_ids)) - purged
    if missing <= 0:
        return EXIT_OK
    verb = (
        "were named and are not dead letters"
        if missing > 1
        else "was named and is not a dead letter"
    )
    say(f"{missing:,} {verb}: see arbtune dead list")
    return EXIT_FAILED


def _is_wanted(ledger: Ledger) -> bool:
    """Ask whether to purge all.

    Raises:
        ConfigError: There is nobody to ask.
    """
    if not somebody_can_answer():
        raise ConfigError(
            "dead purge without ids forgets all dead letters: name those meant, or pass --yes"
        )
    letters = ledger.dead_count()
    if not letters:
        return True  # it comes to the same
    plural = "s" if letters > 1 else ""
    return agrees(f"forget {letters:,} dead letter{plural} for good?")


def _purge_all(ledger: Ledger) -> int:
    purged = 0
    while letters := ledger.dead(AT_ONCE):
        purged += ledger.purge(letters)
    return purged


def _dead_record(ledger: Ledger, job_id: str) -> JobRecord:
    record = ledger.record(job_id) if ledger.is_dead(job_id) else None
    if record is None:
        raise _no_letter(job_id)
    return record


def _no_letter(job_id: str) -> ArbtuneError:
    return ArbtuneError(f"{job_id} is not a dead letter: see arbtune dead list, arbtune status ID")


def _letter(record: JobRecord) -> Document:
    return {
        "job_id": record.job_id,
        "status": record.state.value,
        "config": record.config,
        "error": record.error,
        "generation": record.generation,
        "attempts": record.attempts,
        "submitted_at": record.submitted_at,
        "finished_at": record.finished_at,
        "history": [_attempt(attempt) for attempt in record.history],
    }


def _attempt(attempt: FailedAttempt) -> Document:
    return {
        "generation": attempt.generation,
        "start": attempt.start,
        "worker": attempt.worker,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "error": {name: attempt.error[name] for name in ("type", "message")},
    }


def _cells(record: JobRecord) -> tuple[str, ...]:
    died = datetime.fromtimestamp(record.finished_at or 0.0, UTC)
    error: Mapping[str, Any] = record.error or {}
    text = f"{error.get('type')}: {error.get('message')}"
    return (
        record.job_id,
        died.strftime("%Y-%m-%d %H:%M:%SZ"),
        str(record.attempts),
        printable(text),
    )
