"""`arbtune explain SWEEP[:N] | JOB_ID`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse

from arbitrage.results.explain.table_file import table_path
from arbitrage.shell.console import EXIT_OK
from worker.settings import Settings

SUMMARY = (
    "run one config again and say what it did: its trades, its equity, where the money went, and "
    "what would be left of it under other conditions"
)
EXAMPLES = (
    "arbtune explain latest",
    "arbtune explain latest:17 --trades trades.csv",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "config",
        metavar="SWEEP[:N] | JOB_ID",
        help="config N of a sweep, or without N its best one: a sweep id or its beginning, a spec "
        "file, the folder of its rows, or latest; or the id of a job",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--plain", action="store_true", help="print neither colour nor marks beyond ASCII, for logs"
    )
    for name, what in (("trades", "its trades, a row each"), ("equity", "its equity")):
        parser.add_argument(
            f"--{name}",
            type=table_path,
            metavar="FILE",
            help=f"also write {what}; the name ends in .csv or .parquet",
        )


def run(arguments: argparse.Namespace) -> int:
    """Explain it; 0 when that could be done."""
    from worker.client.answers.explain.run import explain  # numba and polars: --help has no need

    explain(arguments, Settings.from_environment())
    return EXIT_OK
