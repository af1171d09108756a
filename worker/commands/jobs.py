"""`arbtune jobs`."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime

from arbitrage.console import EXIT_OK
from worker.connection import open_ledger, redis_errors_in_a_sentence
from worker.ledger import JobRecord, Ledger, State
from worker.settings import Settings

SUMMARY = "count the jobs in each state and list the newest"
STATES = [state.value for state in State if state is not State.UNKNOWN]
COLUMNS = ("JOB", "STATE", "ATTEMPTS", "SUBMITTED", "TAG")
# For a terminal of 80 columns: an id of ours is 36 characters, and only a tag gives way.
WIDTHS = {"JOB": 36, "STATE": 9, "ATTEMPTS": 3, "SUBMITTED": 14}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("--state", choices=STATES, help="only jobs in this state")
    parser.add_argument("--limit", type=int, default=20, help="list so many (default: 20)")
    parser.add_argument("--json", action="store_true", help="print one JSON object a job")


def run(arguments: argparse.Namespace) -> int:
    """Print the jobs: a table for a person, tab-separated for a pipe, objects with --json."""
    settings = Settings.from_environment()
    with redis_errors_in_a_sentence(settings):
        ledger = open_ledger(settings)
        counts = ledger.counts()
        records = _newest(ledger, arguments.state, max(0, arguments.limit))
    if arguments.json:
        for record in records:
            print(json.dumps(_as_object(record), ensure_ascii=False))
    elif sys.stdout.isatty():
        _print_table(counts, records)
    else:
        print("\t".join(COLUMNS))
        for record in records:
            print("\t".join(_cells(record)))
    return EXIT_OK


def _newest(ledger: Ledger, state: str | None, limit: int) -> list[JobRecord]:
    states = [State(state)] if state else [State(name) for name in STATES]
    job_ids = [job_id for name in states for job_id in ledger.newest(name, limit)]
    records = [record for record in ledger.records(job_ids) if record is not None]
    records.sort(key=lambda record: record.submitted_at or 0.0, reverse=True)
    return records[:limit]


def _as_object(record: JobRecord) -> dict[str, object]:
    return {
        "job_id": record.job_id,
        "status": record.state.value,
        "attempts": record.attempts,
        "submitted_at": record.submitted_at,
        "finished_at": record.finished_at,
        "config": record.config,
    }


def _cells(record: JobRecord) -> tuple[str, ...]:
    submitted = datetime.fromtimestamp(record.submitted_at or 0.0, UTC)
    tag = (record.config or {}).get("tag") or ""
    return (
        record.job_id,
        record.state.value,
        str(record.attempts),
        submitted.strftime("%Y-%m-%d %H:%M:%SZ"),
        "".join(mark if mark.isprintable() else " " for mark in str(tag)),
    )


def _print_table(counts: dict[State, int], records: list[JobRecord]) -> None:
    from rich.console import Console  # a pipe does not pay for it
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    console.print("  ".join(f"{state.value} [bold]{count}[/]" for state, count in counts.items()))
    if records:
        table = Table(box=None, pad_edge=False)
        for column in COLUMNS:
            title = "TRY" if column == "ATTEMPTS" else column
            table.add_column(title, no_wrap=True, min_width=WIDTHS.get(column))
        for record in records:
            job_id, state, attempts, submitted, tag = map(Text, _cells(record))  # no markup
            table.add_row(job_id, state, attempts, submitted[5:19], tag)
        console.print(table)
