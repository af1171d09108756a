"""`arbtune jobs`."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PurePath

from arbitrage.console import EXIT_OK, count, printable, span
from worker.connection import open_ledger, redis_errors_in_a_sentence
from worker.ledger import JobRecord, Ledger, State
from worker.settings import Settings

SUMMARY = (
    "list the newest jobs: on a terminal with the time since each was sent, the net profit and the "
    "counts of all; elsewhere as lines of cells between tabs"
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
        ledger = open_ledger(settings)
        counts = ledger.counts()
        records = _newest(ledger, arguments.state, arguments.limit)
        dead = ledger.dead_of([job.job_id for job in records if job.state is State.ERROR])
        nets = {} if arguments.json else _net_profits(ledger, records)
    if arguments.json:
        for record in records:
            print(json.dumps(_as_object(record, dead), ensure_ascii=False))
    elif sys.stdout.isatty():
        of_them = counts[State(arguments.state)] if arguments.state else sum(counts.values())
        print("  ".join(f"{state.value} {count:,}" for state, count in counts.items()))
        width = shutil.get_terminal_size().columns
        told = arguments.state == State.ERROR
        for line in _table(records, nets, dead, width, time.time(), told=told):
            print(line)
        if len(records) < of_them:
            print(f"the newest {len(records):,} of {of_them:,}; --limit N shows more")
    else:
        print("\t".join(COLUMNS))
        for record in records:
            print("\t".join(_cells(record, nets.get(record.job_id), dead)))
    return EXIT_OK


def _newest(ledger: Ledger, state: str | None, limit: int) -> list[JobRecord]:
    if limit == 0:
        return []
    states = [State(state)] if state else [State(name) for name in STATES]
    job_ids = [job_id for name in states for job_id in ledger.newest(name, limit)]
    records = [record for record in ledger.records(job_ids) if record is not None]
    records.sort(key=lambda record: record.submitted_at or 0.0, reverse=True)
    return records[:limit]


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
        record.job_id
        for record in records
        if record.state is State.SUCCESS and "spec" not in (record.config or {})
    ]
    metas = ledger.results(job_ids) if job_ids else []
    found = {}
    for job_id, meta in zip(job_ids, metas, strict=True):
        net = ((meta or {}).get("result") or {}).get("net_pnl_usd")
        if net is not None:
            found[job_id] = float(net)
    return found


def _what(record: JobRecord) -> tuple[str, str]:
    """A job's tag and data file; of a chunk of a sweep, its range of configs in the tag's place."""
    config = record.config or {}
    if "spec" in config:
        tag = f"configs {config.get('start')}-{config.get('stop')}"
        spec = config["spec"] if isinstance(config["spec"], dict) else {}  # a foreign client's
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
    return printable((failed or {}).get("message") or "")


def _table(
    records: list[JobRecord],
    nets: dict[str, float],
    dead: set[str],
    width: int,
    now: float,
    *,
    told: bool,
) -> Iterator[str]:
    """The lines of a table, with its last column cut; where `told`, each job's error below it."""
    if not records:
        return
    rows = [TITLES, *(_row(record, nets.get(record.job_id), dead, now) for record in records)]
    errors = ["", *(_sentence(record) if told else "" for record in records)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(TITLES) - 1)]
    room = max(MIN_LAST, width - sum(widths) - len(widths))
    for (job_id, state, age, net, what), error in zip(rows, errors, strict=True):
        first = f"{job_id:<{widths[0]}} {state:<{widths[1]}} {age:>{widths[2]}} {net:>{widths[3]}}"
        yield f"{first} {_cut(what, room)}".rstrip()
        if error:
            yield _cut(f"  {error}", width)


def _row(record: JobRecord, net: float | None, dead: set[str], now: float) -> tuple[str, ...]:
    tag, data_file = _what(record)
    return (
        record.job_id,
        DEAD if record.job_id in dead else record.state.value,
        span(now - (record.submitted_at or now)),
        "" if net is None else f"{net:z,.2f}",
        ", ".join(filter(None, (tag, PurePath(data_file).name))),
    )


def _cut(text: str, room: int) -> str:
    """The text in so many columns of a terminal, where some characters take two."""
    if sum(map(_columns, text)) <= room:
        return text
    kept, left = "", room - 1
    for mark in text:
        left -= _columns(mark)
        if left < 0:
            break
        kept += mark
    return f"{kept}…"


def _columns(mark: str) -> int:
    if unicodedata.combining(mark):
        return 0
    return 2 if unicodedata.east_asian_width(mark) in "WF" else 1
