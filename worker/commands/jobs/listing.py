"""`arbtune jobs`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath

from arbitrage.shell.console import EXIT_OK, count, printable, span
from arbitrage.shell.cutting import cut
from worker.commands.asking import asked_ledger
from worker.ledger.connection import redis_errors_in_a_sentence
from worker.ledger.ledger import JobRecord, Ledger, State
from worker.ledger.view import slices
from worker.settings import Settings

SUMMARY = (
    "list the newest jobs: on a terminal with the time since each was sent, the net profit and the "
    "counts of all; elsewhere as lines of cells between tabs"
)
EXAMPLES = (
    "arbtune jobs",
    "arbtune jobs --state error --limit 100 --json",
)
STATES = [state.value for state in State if state is not State.UNKNOWN]
COLUMNS = (
    "JOB",
    "STATE",
    "ATTEMPTS",
    "SUBMITTED",
    "TAG",
    "DATA_FILE",
    "NET_PNL_USD",
    "ERROR",
    "DEAD_LETTER",
)
# Of a terminal's columns. An id of ours has 36 characters, and is shown whole: it is what the other
# commands want. Of 80 columns that leaves 19 for the last one, which gives way.
TITLES = ("JOB", "STATE", "AGE", "NET USD", "TAG, FILE")
MIN_LAST = 9
DEAD = "error,dead"  # a job in the state error, of which arbtune dead knows more


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("--state", choices=STATES, help="only jobs in this state")
    parser.add_argument(
        "--limit", type=count, metavar="N", default=20, help="list so many (default: 20)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a job")


def run(arguments: argparse.Namespace) -> int:
    """Print the jobs: a table for a person, tab-separated for a pipe, objects with --json."""
    settings = Settings.from_environment()
    with redis_errors_in_a_sentence(settings):
        ledger = asked_ledger(settings)
        job_ids = _newest(ledger, arguments.state, arguments.limit)
        if arguments.json:
            for page in _pages(ledger, job_ids, with_nets=False):
                for record in page.records:
                    print(json.dumps(_as_object(record, page.dead), ensure_ascii=False))
        elif sys.stdout.isatty():
            _show(ledger, arguments.state, job_ids)
        else:
            print("\t".join(COLUMNS))
            for page in _pages(ledger, job_ids):
                for record in page.records:
                    print("\t".join(_cells(record, page.nets.get(record.job_id), page.dead)))
    return EXIT_OK


@dataclass(frozen=True)
class _Page:
    """Some of the jobs that are listed, with what there is to say of them."""

    records: list[JobRecord]
    dead: set[str]
    nets: dict[str, float]


def _newest(ledger: Ledger, state: str | None, limit: int) -> list[str]:
    """Ids of the jobs that were sent last, the latest first."""
    states = [State(state)] if state else [State(name) for name in STATES]
    candidates = [job_id for name in states for job_id in ledger.newest(name, limit)]
    job_ids = list(dict.fromkeys(candidates))  # one that changes its state meanwhile comes twice
    times = zip(ledger.submission_times(job_ids), job_ids, strict=True)
    known = [(sent, job_id) for sent, job_id in times if sent is not None]
    known.sort(key=lambda job: job[0], reverse=True)
    return [job_id for _, job_id in known[:limit]]


def _pages(ledger: Ledger, job_ids: list[str], *, with_nets: bool = True) -> Iterator[_Page]:
    """Page after page, so that what is held in memory does not grow with what is listed."""
    for part in slices(job_ids):
        records = [record for record in ledger.records(part) if record is not None]
        dead = ledger.dead_of([job.job_id for job in records if job.state is State.ERROR])
        yield _Page(records, dead, _net_profits(ledger, records) if with_nets else {})


def _show(ledger: Ledger, state: str | None, job_ids: list[str]) -> None:
    """The table of a terminal, below the counts of all jobs."""
    counts = ledger.counts()
    of_them = counts[State(state)] if state else sum(counts.values())
    print("  ".join(f"{state.value} {count:,}" for state, count in counts.items()))
    width = shutil.get_terminal_size().columns
    for line in _table(_pages(ledger, job_ids), width, time.time(), told=state == State.ERROR):
        print(line)
    if len(job_ids) < of_them:
        print(f"the newest {len(job_ids):,} of {of_them:,}; --limit N shows more")


def _as_object(record: JobRecord, dead: set[str]) -> dict[str, object]:
    return {
        "job_id": record.job_id,
        "status": record.state.value,
        "attempts": record.attempts,
        "submitted_at": record.submitted_at,
        "finished_at": record.finished_at,
        "config": record.config,
        "error": record.error,
        "dead_letter": record.job_id in dead,
    }


def _net_profits(ledger: Ledger, records: list[JobRecord]) -> dict[str, float]:
    """The net profit of each that has one; chunks of sweeps, whose results are large, have none."""
    job_ids = [
        record.job_id for record in records if record.state is State.SUCCESS and not record.is_chunk
    ]
    metas = ledger.results(job_ids)
    found = {}
    for job_id, meta in zip(job_ids, metas, strict=True):
        metrics = (None if meta is None else meta["result"]) or {}
        net = metrics.get("net_pnl_usd")
        if net is not None:
            found[job_id] = float(net)
    return found


def _what(record: JobRecord) -> tuple[str, str]:
    """A job's tag and data file; of a chunk of a sweep, its range of configs in the tag's place."""
    config = record.config or {}
    if record.is_chunk and config:
        tag = f"configs {config.get('start')}-{config.get('stop')}"
        held = config.get("spec")
        spec = held if isinstance(held, dict) else {}  # a foreign client's
        return tag, printable(spec.get("data_file") or "")
    return printable(config.get("tag") or ""), printable(config.get("data_file") or "")


def _cells(record: JobRecord, net: float | None, dead: set[str]) -> tuple[str, ...]:
    submitted = datetime.fromtimestamp(record.submitted_at or 0.0, UTC)
    return (
        record.job_id,
        record.state.value,
        str(record.attempts),
        submitted.strftime("%Y-%m-%d %H:%M:%SZ"),
        *_what(record),
        "" if net is None else str(net),
        _sentence(record),
        "yes" if record.job_id in dead else "",
    )


def _sentence(record: JobRecord) -> str:
    """What a job failed of; nothing for one that waits for its next attempt."""
    failed = record.error if record.state is State.ERROR else None
    return "" if failed is None else printable(failed["message"])


def _table(pages: Iterable[_Page], width: int, now: float, *, told: bool) -> Iterator[str]:
    """The lines of a table, with its last column cut; where `told`, each job's error below it.

    Columns are as wide as the pages so far want them.
    """
    widths = [0] * (len(TITLES) - 1)
    for number, page in enumerate(pages):
        rows = [
            _row(record, page.nets.get(record.job_id), page.dead, now) for record in page.records
        ]
        errors = [_sentence(record) if told else "" for record in page.records]
        if number == 0:
            rows, errors = [TITLES, *rows], ["", *errors]
        widths = [max(most, *(len(row[at]) for row in rows)) for at, most in enumerate(widths)]
        room = max(MIN_LAST, width - sum(widths) - len(widths))
        for row, error in zip(rows, errors, strict=True):
            yield _line(row, widths, room)
            if error:
                yield cut(f"  {error}", width)


def _line(row: tuple[str, ...], widths: list[int], room: int) -> str:
    job_id, state, age, net, what = row
    first = f"{job_id:<{widths[0]}} {state:<{widths[1]}} {age:>{widths[2]}} {net:>{widths[3]}}"
    return f"{first} {cut(what, room)}".rstrip()


def _row(record: JobRecord, net: float | None, dead: set[str], now: float) -> tuple[str, ...]:
    tag, data_file = _what(record)
    return (
        record.job_id,
        DEAD if record.job_id in dead else record.state.value,
        span(now - (record.submitted_at or now)),
        "" if net is None else f"{net:z,.2f}",
        ", ".join(filter(None, (tag, PurePath(data_file).name))),
    )
