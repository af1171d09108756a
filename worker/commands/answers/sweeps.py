"""`arbtune sweeps`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse

from arbitrage.shell.console import EXIT_OK, count
from worker.settings import Settings

SUMMARY = "list the sweeps in ARBTUNE_RESULTS_DIR, the last written first, each with its best"
EXAMPLES = (
    "arbtune sweeps",
    "arbtune sweeps --json",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "--limit", type=count, metavar="N", default=20, help="list so many (default: 20)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a sweep")


def run(arguments: argparse.Namespace) -> int:
    """List them; 0 also when there are none."""
    results_dir = Settings.from_environment().results_dir
    from worker.client.answers.sweeps import print_sweeps  # polars, of which --help has no need

    print_sweeps(results_dir, arguments.limit, as_json=arguments.json)
    return EXIT_OK
