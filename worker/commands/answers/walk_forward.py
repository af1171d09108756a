"""`arbtune walk-forward SPEC`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.shell.console import count
from worker.commands.driver import import_redis_alone
from worker.settings import Settings

SUMMARY = (
    "choose the best config of a sweep on one stretch of its file, judge it on the stretch that "
    "follows, and so on to the end of the file; on the workers of the queue where there are some, "
    "else in this process"
)
EXAMPLES = (
    "arbtune walk-forward sweep.yaml --folds 4 --train 1h --test 30m",
    "arbtune walk-forward sweep.yaml --folds 7 --train 2d --test 1d --local",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("spec", metavar="SPEC", help="a YAML or JSON file, as arbtune sweep has it")
    parser.add_argument(
        "--folds", type=count, metavar="K", required=True, help="how often to choose and to judge"
    )
    for name, what in (("train", "to choose on"), ("test", "to judge on")):
        parser.add_argument(
            f"--{name}",
            metavar="DURATION",
            required=True,
            help=f"how long the rows {what} are, such as 90s, 30m, 2h or 1d",
        )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--local",
        action="store_true",
        help="start a Redis server and workers for this command alone",
    )
    parser.add_argument(
        "--cancel",
        action="store_true",
        help="cancel the training of this sweep that an earlier command left in the queue, of "
        "whatever folds, and run nothing",
    )


def run(arguments: argparse.Namespace) -> int:
    """Walk through the file, or cancel; 0 also where nothing is kept."""
    spec = SweepSpec.from_file(arguments.spec)
    import_redis_alone()
    from worker.client.walk_forward.run import run_walk_forward  # polars and numba, not for --help

    return run_walk_forward(arguments, spec, Settings.from_environment())
