"""`arbtune run`: `scripts/run_arbitrage_tuning`, which is the program, with `--from` added."""

from __future__ import annotations

import argparse

from arbitrage.errors import ArbtuneError
from arbitrage.shell.flags import fill_flags
from scripts import run_arbitrage_tuning
from worker.settings import Settings

SUMMARY = run_arbitrage_tuning.SUMMARY
EXAMPLES = (
    (
        "arbtune run --data-file data/sample_arbitrage_prices.csv --min-spread-bps 40 "
        "--taker-fee-a-bps 5 --taker-fee-b-bps 5 --slippage-bps 2 --max-position-usd 1000"
    ),
    "arbtune run --from latest:17 --latency-a-ms 50 --latency-b-ms 50",
)

on_usage_error = run_arbitrage_tuning.on_usage_error


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    run_arbitrage_tuning.configure(parser)
    parser.add_argument(
        "--from",
        dest="origin",
        metavar="SWEEP[:N]",
        help="begin with config N of a sweep in ARBTUNE_RESULTS_DIR, or with its best; further "
        "flags change its fields",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the job; the exit status."""
    if arguments.origin is not None:
        from worker.client.answers.origin import config_from  # polars

        try:
            fill_flags(arguments, config_from(arguments.origin, Settings.from_environment()))
        except ArbtuneError as error:
            return run_arbitrage_tuning.report_error(arguments.output_json, None, error)
    return run_arbitrage_tuning.run(arguments)
