"""`arbtune data check FILE`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse
import sys

from arbitrage.data.check.costs import Costs
from arbitrage.documents.config import MAX_NUMBER, TuningConfig
from arbitrage.documents.spec.grids import field_value
from arbitrage.errors import ConfigError
from arbitrage.shell.console import EXIT_OK, printable
from arbitrage.shell.numbers import number
from worker.settings import Settings

SUMMARY = (
    "say what a snapshot file is like before a sweep is spent on it: gaps, repeats, unusable "
    "books, the spreads, and what costs leave of them"
)
EXAMPLES = (
    "arbtune data check quotes.csv",
    "arbtune data check quotes.csv --taker-fee-a-bps 5 --taker-fee-b-bps 5",
    "arbtune data check quotes.csv --spec",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("file", metavar="FILE", help="a snapshot file: CSV or Parquet")
    costs = parser.add_argument_group("the costs of one execution (default: 0)")
    costs.add_argument("--cost", metavar="BPS", help="all of them together, in bps")
    for name in Costs._fields:
        description = TuningConfig.model_fields[name].description
        costs.add_argument(_flag(name), dest=name, metavar="X", help=description)
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print one JSON object")
    output.add_argument(
        "--spec", action="store_true", help="print a sweep spec to begin with, and nothing else"
    )


def run(arguments: argparse.Namespace) -> int:
    """Check the file; 0 when it can be read, and with --spec when there is a sweep to suggest."""
    settings = Settings.from_environment()
    file, costs = field_value("data_file", arguments.file), _costs(arguments)
    if sys.stderr.isatty():
        print(f"reading {printable(file)} ...", file=sys.stderr, flush=True)
    from worker.commands.data.checked import Checked  # polars: the line comes before it

    checked = Checked.of(file, costs, settings)
    if arguments.spec:
        checked.print_spec()
    elif arguments.json:
        checked.print_json()
    else:
        checked.print_text()
    return EXIT_OK


def _costs(arguments: argparse.Namespace) -> Costs:
    """The costs that the flags say.

    Raises:
        ConfigError: One of them is not a cost, or the whole stands beside a part.
    """
    given = {name: getattr(arguments, name) for name in Costs._fields}
    parts = {
        name: field_value(name, _number(text)) for name, text in given.items() if text is not None
    }
    if arguments.cost is None:
        return Costs(**parts)
    if parts:
        raise ConfigError(f"--cost is all costs together: it goes without {_flag(min(parts))}")
    whole = _number(arguments.cost)
    if isinstance(whole, str) or not 0 <= whole <= MAX_NUMBER:
        raise ConfigError(f"--cost must be a number of bps from 0 on, not {arguments.cost!r:.60}")
    return Costs.of_both_legs(whole)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _number(text: str) -> float | str:
    """The number that the text is, or the text, which its field refuses."""
    try:
        return number(text)
    except ValueError:
        return text
