"""`arbtune export SWEEP -o FILE`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse

from arbitrage.shell.console import EXIT_OK
from worker.commands.answers.results import SWEEP_HELP
from worker.settings import Settings

SUMMARY = (
    "write the rows of a sweep into one file for other programs: CSV, Parquet, result documents as "
    "JSON lines, or a journal for Optuna Dashboard"
)
EXAMPLES = (
    "arbtune export latest -o rows.parquet",
    "arbtune export 1ec64afc -o sweep.optuna.log",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("sweep", metavar="SWEEP", help=SWEEP_HELP)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        help="where to, in place of what is there: a name that ends in .csv, .parquet, .jsonl or "
        ".optuna.log (required)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object: what was done")


def run(arguments: argparse.Namespace) -> int:
    """Write the file; 0 when it is written."""
    results_dir = Settings.from_environment().results_dir
    from worker.client.answers.export import export_sweep  # polars, of which --help has no need

    export_sweep(arguments.sweep, arguments.output, results_dir, as_json=arguments.json)
    return EXIT_OK
