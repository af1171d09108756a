"""`arbtune data check FILE`."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from arbitrage.data.check.costs import Costs
from arbitrage.documents.config import MAX_NUMBER, TuningConfig
from arbitrage.documents.spec.grids import field_value
from arbitrage.errors import ArbtuneError, ConfigError, DataError
from arbitrage.shell.console import EXIT_OK, printable, warn
from arbitrage.shell.numbers import number
from worker.client.sweeps.data_place import name_in_root
from worker.settings import Settings

if TYPE_CHECKING:
    from arbitrage.data.check.document import FileCheck

SUMMARY = (
    "say what a snapshot file is like before a sweep is spent on it: gaps, repeats, unusable "
    "books, the spreads, and what costs leave of them"
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
    check = _checked(file, costs, settings)
    if arguments.spec:
        _print_spec(check, costs, settings)
    elif arguments.json:
        _print_json(check, costs, settings)
    else:
        _print_text(check)
    return EXIT_OK


def _checked(file: str, costs: Costs, settings: Settings) -> FileCheck:
    from arbitrage.data.check.file_check import check_file  # polars: a line comes before it

    try:
        return check_file(file, costs.total_bps, settings.data_limits)
    except FileNotFoundError as error:  # whose sentence is that of a job
        raise DataError(str(error)) from error


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


def _print_text(check: FileCheck) -> None:
    from arbitrage.data.check.cautions import cautions
    from arbitrage.data.check.shown.text import print_check  # rich

    print_check(check, cautions(check))


def _print_json(check: FileCheck, costs: Costs, settings: Settings) -> None:
    from arbitrage.data.check.cautions import cautions
    from arbitrage.data.check.spec_to_try import spec_to_try

    spec = spec_to_try(check, costs, name_in_root(check.data_file, settings.data_root))
    document = {**check.as_json(), "cautions": [*cautions(check)], "spec": spec}
    print(json.dumps(document, ensure_ascii=False, allow_nan=False))


def _print_spec(check: FileCheck, costs: Costs, settings: Settings) -> None:
    from arbitrage.data.check.cautions import why_nothing_opens
    from arbitrage.data.check.spec_to_try import spec_text, spec_to_try

    spec = spec_to_try(check, costs, name_in_root(check.data_file, settings.data_root))
    if spec is None:
        raise ArbtuneError(f"there is no sweep to suggest: {why_nothing_opens(check)}")
    if not costs.total_bps:
        warn("the costs in this spec are 0, as on no venue: pass --cost, or write them into it")
    print(spec_text(check, spec))
