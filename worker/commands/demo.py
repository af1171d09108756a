"""`arbtune demo`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from arbitrage.documents.result import as_text
from arbitrage.errors import ConfigError
from arbitrage.shell.console import EXIT_FAILED, EXIT_OK
from worker.client.embedded import embedded_server, ended_by_signals, local_workers
from worker.client.jobs.sending import send, submission
from worker.client.jobs.waiting import progress_bar, results_as_they_come
from worker.client.tables import TITLES, figure_cell
from worker.ledger.connection import open_ledger, redis_errors_in_a_sentence
from worker.ledger.view import State
from worker.settings import Settings

SUMMARY = (
    "start a server and two workers, send a small sweep of the sample, print the ranking, "
    "write a report to look at"
)
EXAMPLES = ("arbtune demo",)

SAMPLE = Path("data/sample_arbitrage_prices.csv")
WORKERS = 2
THRESHOLDS_BPS = range(0, 81, 2)
SHOWN = 10
GIVE_UP_AFTER_S = 300.0

TRY_NEXT = {
    "sweep data/sweep.yaml --local": "two parameters, described in a file",
    "run --help": "one job, on a file of your own",
    "demo --json": "this ranking with configs and metrics",
}

JOB = {
    "data_file": str(SAMPLE),
    "taker_fee_a_bps": 5.0,
    "taker_fee_b_bps": 5.0,
    "slippage_bps": 2.0,
    "max_position_usd": 1000.0,
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "--json", action="store_true", help="print the ranking as JSON, a job a line"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the demo; 0 when every job succeeded and nothing is left running."""
    root = _root_of_sample()
    announce = Console(stderr=True, highlight=False).print
    with ExitStack() as stack:
        stack.enter_context(ended_by_signals())
        url = stack.enter_context(embedded_server())
        announce(f"Redis server (embedded Valkey) at {url}")
        environment = {"ARBTUNE_REDIS_URL": url, "ARBTUNE_DATA_ROOT": str(root)}
        started = time.monotonic()
        stack.enter_context(local_workers(WORKERS, environment))
        announce(
            f"{WORKERS} workers; {len(THRESHOLDS_BPS)} jobs: one per min_spread_bps over {SAMPLE}"
        )
        documents = _results(Settings.from_environment(environment))
        seconds = time.monotonic() - started
    announce(f"all results after {seconds:.1f} s from the start of the workers; all stopped again")
    status = _report(documents, root, as_json=arguments.json)
    announce(f"report: {_html_report(root)}")
    return status


def _html_report(root: Path) -> Path:
    """Where the same configs lie as a sweep with a report."""
    settings = Settings.from_environment()
    from worker.client.answers.demo_report import demo_report  # polars, numba, the charts

    grid = {"name": "min_spread_bps", "values": [*THRESHOLDS_BPS]}
    return demo_report({**JOB, "data_file": str(root / SAMPLE), "grids": [grid]}, settings)


def _root_of_sample() -> Path:
    """The folder that the sample's path starts from: here, or where this package lives."""
    for root in (Path.cwd(), Path(__file__).resolve().parents[2]):
        if (root / SAMPLE).is_file():
            return root
    raise ConfigError(f"the demo needs {SAMPLE}: run it in the project's folder")


def _results(settings: Settings) -> list[Mapping[str, Any]]:
    with redis_errors_in_a_sentence(settings):
        ledger = open_ledger(settings)
        jobs = (submission({**JOB, "min_spread_bps": float(bps)}) for bps in THRESHOLDS_BPS)
        job_ids = [job_id for batch in send(ledger, jobs) for job_id in batch]
        return list(_with_progress(ledger, job_ids))


def _with_progress(ledger: Any, job_ids: list[str]) -> Iterator[Mapping[str, Any]]:
    succeeded = failed = 0
    with progress_bar(len(job_ids)) as show:
        for _, document in results_as_they_come(ledger, job_ids, timeout_s=GIVE_UP_AFTER_S):
            succeeded += document["status"] == State.SUCCESS
            failed += document["status"] != State.SUCCESS
            show(succeeded, failed)
            yield document


def _report(documents: list[Mapping[str, Any]], root: Path, *, as_json: bool) -> int:
    failures = [document for document in documents if document["status"] != State.SUCCESS]
    ranking = sorted(
        (document for document in documents if document["status"] == State.SUCCESS),
        key=lambda document: document["metrics"]["net_pnl_usd"],
        reverse=True,
    )
    if as_json:
        for document in ranking:
            print(json.dumps(document))
    else:
        _print_ranking(ranking)
        _print_what_next(root)
    for document in failures:
        print(as_text(document), file=sys.stderr)
    return EXIT_FAILED if failures else EXIT_OK


def _print_ranking(ranking: list[Mapping[str, Any]]) -> None:
    console = Console(highlight=False)
    table = Table(title="Ranking by net profit (open trades at their closing price)", box=None)
    for title in ("min spread bps", *TITLES.values()):
        table.add_column(title, justify="right")
    for document in ranking[:SHOWN]:
        figures = (figure_cell(document["metrics"][name]) for name in TITLES)
        table.add_row(f"{document['config']['min_spread_bps']:g}", *figures)
    console.print(table)


def _print_what_next(root: Path) -> None:
    """Commands that can be copied, whether or not the program is on the PATH."""
    program = "arbtune" if shutil.which("arbtune") else sys.argv[0]
    commands = {f"{program} {rest}": what for rest, what in TRY_NEXT.items()}
    width = max(map(len, commands))
    print(f"\nWhat to try next{'' if root == Path.cwd() else f' (in {root})'}:")
    for command, what in commands.items():
        print(f"  {command:<{width}}  {what}")
