"""`arbtune top`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse
import json
import math
import sys
from functools import partial

from arbitrage.shell.console import EXIT_OK
from arbitrage.shell.numbers import number
from worker.client.watching.overview import overview_of
from worker.client.watching.printing import print_overview
from worker.client.watching.screen import watch
from worker.commands.asking import asked_ledger
from worker.ledger.connection import redis_errors_in_a_sentence
from worker.settings import Settings

SUMMARY = (
    "show the queue as it is now, again and again: jobs, queues, workers and what each runs, and "
    "sweeps with their rate, the time left and the best so far; q quits, s sorts, f filters"
)
EXAMPLES = (
    "arbtune top",
    "arbtune top --json",
)

PATIENCE_S = 2.0
LEAST_S = 0.2


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "--every", type=_seconds, metavar="S", default=2.0, help="ask again after S (default: 2)"
    )
    parser.add_argument(
        "--once", action="store_true", help="show it once; so it is where output is no terminal"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object, once")


def run(arguments: argparse.Namespace) -> int:
    """Show it until somebody quits; 0."""
    settings = Settings.from_environment()
    ledger = asked_ledger(settings, tries=0, patience_s=PATIENCE_S)
    is_watched = sys.stdin.isatty() and sys.stdout.isatty()
    if is_watched and not (arguments.once or arguments.json):
        watch(partial(overview_of, ledger), settings, arguments.every)
        return EXIT_OK
    with redis_errors_in_a_sentence(settings):
        overview = overview_of(ledger)
    if arguments.json:
        print(json.dumps(overview.as_json(), ensure_ascii=False))
    else:
        print_overview(overview, settings.redis_place)
    return EXIT_OK


def _seconds(text: str) -> float:
    try:
        seconds = number(text)
    except ValueError:
        seconds = math.nan
    if not LEAST_S <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds from {LEAST_S:g} on")
    return seconds
