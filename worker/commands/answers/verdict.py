"""`arbtune verdict SWEEP`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse

from arbitrage.results.selection.replicates import DEFAULT_REPLICATES
from arbitrage.shell.console import EXIT_OK, count
from arbitrage.shell.numbers import number
from worker.settings import Settings

SUMMARY = (
    "say whether the best config of all that was tried on a sweep's data has an edge, or is luck, "
    "or whether too little can be told; the verdict is kept beside the sweep"
)
EXAMPLES = (
    "arbtune verdict latest",
    "arbtune verdict latest --also-tried 5000",
    "arbtune verdict latest --json",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "sweep",
        metavar="SWEEP",
        help="a sweep id or its beginning, a spec file, the folder of its rows, or latest",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--also-tried",
        type=count,
        metavar="N",
        default=0,
        help="so many configs were tried on these data and are not in the results (default: 0)",
    )
    parser.add_argument(
        "--seed", type=count, metavar="N", default=0, help="draws the replicates (default: 0)"
    )
    parser.add_argument(
        "--replicates",
        type=count,
        metavar="N",
        default=DEFAULT_REPLICATES,
        help=f"how many replicates are drawn (default: {DEFAULT_REPLICATES})",
    )
    parser.add_argument(
        "--block",
        type=_number,
        metavar="PERIODS",
        help="the mean block of the bootstrap (default: chosen on the best config)",
    )
    parser.add_argument(
        "--plain", action="store_true", help="print neither colour nor marks beyond ASCII, for logs"
    )
    parser.add_argument(
        "--in-process",
        action="store_true",
        help="test in this process, even if workers are present",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the verdict; 0 whatever it is."""
    settings = Settings.from_environment()
    from worker.client.answers.verdict.run import run_verdict  # polars and numba, not for --help

    run_verdict(arguments, settings)
    return EXIT_OK


def _number(text: str) -> float:
    try:
        return number(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, not {text!r:.60}") from None
