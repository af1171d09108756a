"""`arbtune results SWEEP...`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse

from arbitrage.shell.console import EXIT_OK, count
from worker.settings import Settings

SUMMARY = (
    "rank the configs of one or several sweeps, by any figure and under any condition: on a "
    "terminal as a table, elsewhere as lines of cells between tabs"
)
EXAMPLES = (
    "arbtune results latest",
    ('arbtune results latest --where "total_trades >= 20" --sort max_drawdown_pct:up --top 5'),
    "arbtune results latest --by slippage_bps",
)
SHOWN = 10
SWEEP_HELP = "a sweep id or its beginning, a spec file, the folder of its rows, or latest"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("sweeps", metavar="SWEEP", nargs="+", help=SWEEP_HELP)
    parser.add_argument(
        "--where",
        metavar="EXPR",
        help="a condition in SQL over the columns of the rows, such as 'total_trades >= 20 AND "
        "slippage_bps > 1' (default: the filters of each spec)",
    )
    parser.add_argument(
        "--sort",
        metavar="FIGURE",
        help="the column to sort by, the highest first; FIGURE:up has the lowest first (default: "
        "the rank_by of the spec); neighbours_median sorts by the median of --neighbours",
    )
    parser.add_argument(
        "--top", type=count, metavar="N", default=SHOWN, help=f"print so many (default: {SHOWN})"
    )
    parser.add_argument(
        "--by",
        metavar="FIELD",
        action="append",
        default=[],
        help="only the best of each value of this column; also sweep_id; several may be given",
    )
    parser.add_argument(
        "--neighbours",
        metavar="FIGURE",
        help="show the median of this figure over the neighbours of each config in the grids",
    )
    parser.add_argument("--plain", action="store_true", help="print no colour, for logs")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(arguments: argparse.Namespace) -> int:
    """Print the first lines; 0 also when none is left."""
    results_dir = Settings.from_environment().results_dir
    from worker.client.answers.results import print_results  # polars, of which --help has no need

    print_results(arguments, results_dir)
    return EXIT_OK
