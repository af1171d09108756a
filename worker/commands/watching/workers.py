"""`arbtune workers`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse
import json

from arbitrage.shell.console import EXIT_FAILED, EXIT_OK
from worker.client.watching.overview import overview_of, worker_as_json
from worker.client.watching.printing import print_workers
from worker.commands.asking import asked_ledger
from worker.ledger.connection import redis_errors_in_a_sentence
from worker.settings import Settings

SUMMARY = "list the workers that are present: where, which version, since when, and what each runs"
EXAMPLES = (
    "arbtune workers",
    "arbtune workers --json",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("--json", action="store_true", help="print one JSON object a worker")


def run(arguments: argparse.Namespace) -> int:
    """List them; 0 when there is one."""
    settings = Settings.from_environment()
    with redis_errors_in_a_sentence(settings):
        overview = overview_of(asked_ledger(settings))
    if arguments.json:
        for worker in overview.workers:
            print(json.dumps(worker_as_json(worker), ensure_ascii=False))
    else:
        print_workers(overview)
    return EXIT_OK if overview.workers else EXIT_FAILED
