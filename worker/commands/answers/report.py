"""`arbtune report SWEEP -o FILE`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse
from pathlib import Path

from arbitrage.shell.console import EXIT_OK
from worker.commands.answers.results import SWEEP_HELP
from worker.settings import Settings

SUMMARY = (
    "write the report of a sweep: one HTML file to look at, with the verdict, the best config, the "
    "parameters, and how to repeat it; it asks for nothing from outside"
)
EXAMPLES = (
    "arbtune report latest -o report.html",
    "arbtune report data/sweep.yaml -o report.html",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("sweep", metavar="SWEEP", help=SWEEP_HELP)
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True, help="where the report goes (required)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the report; 0 when it is there."""
    settings, path = Settings.from_environment(), Path(arguments.output)
    from worker.client.answers.report import write_report  # polars, numba, the charts

    sweep = write_report(arguments.sweep, path, settings)
    print(f"report of sweep {sweep.sweep_id} in {path}")
    return EXIT_OK
