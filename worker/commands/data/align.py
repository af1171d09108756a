"""`arbtune data align`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse
import json
from typing import Any

from arbitrage.errors import ArbtuneError
from arbitrage.shell.console import EXIT_OK, printable, warn
from arbitrage.shell.progress import live_line
from worker.settings import Settings

SUMMARY = (
    "make one snapshot file of two venues' raw files: formats are told by content, times are put "
    "in order, and each row has both venues as they stood then"
)
EXAMPLES = (
    "arbtune data align --a binance.csv --b bybit.csv -o quotes.parquet",
    "arbtune data align --a a.csv.gz --b b.csv.gz --every 1s -o quotes.csv",
)
VENUES = ("a", "b")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    for venue in VENUES:
        parser.add_argument(
            f"--{venue}",
            nargs="+",
            action="extend",
            required=True,
            metavar="FILE",
            help=f"the raw files of venue {venue.upper()}, in any order; patterns work (required)",
        )
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT", help="a .parquet or .csv file (required)"
    )
    _add_formats(parser)
    _add_times(parser)
    _add_rates(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object: what was done")


def _add_formats(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what the files are, where they do not say it themselves")
    for venue in VENUES:
        name = venue.upper()
        form = group.add_mutually_exclusive_group()
        form.add_argument(
            f"--format-{venue}", metavar="NAME", help=f"the format of the files of venue {name}"
        )
        form.add_argument(
            f"--map-{venue}",
            metavar="MAPPING",
            help=f"the columns of venue {name}, such as time=ts,bid=b,ask=a; also receipt, "
            "bid_size, ask_size, sequence, symbol, or side, price and size",
        )
        group.add_argument(
            f"--symbol-{venue}", metavar="SYMBOL", help=f"which of several symbols of venue {name}"
        )


def _add_times(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("times")
    group.add_argument(
        "--clock",
        choices=("receipt", "exchange"),
        help="whose order the rows have: the recorder's times of receipt or the exchange's "
        "(default: receipt where there is one)",
    )
    group.add_argument(
        "--timezone", metavar="ZONE", help="the zone of times without one: UTC, Asia/Tokyo"
    )
    group.add_argument(
        "--every",
        metavar="STEP",
        help="a row each 100ms, 1s, 5m, ... (default: one for each change)",
    )
    for venue in VENUES:
        group.add_argument(
            f"--offset-{venue}",
            metavar="MS",
            default="0",
            help=f"add this to the clock of venue {venue.upper()} (default: 0)",
        )


def _add_rates(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("prices in another currency")
    for venue in VENUES:
        group.add_argument(
            f"--fx-{venue}",
            metavar="RATE",
            help=f"multiply the prices of venue {venue.upper()} by a number, or by the mid of the "
            "quotes in a raw file",
        )


def run(arguments: argparse.Namespace) -> int:
    """Align; 0 when the file is written."""
    settings = Settings.from_environment()
    try:
        document = _aligned(arguments, settings)
    except OSError as error:  # of a raw file, or of the output
        raise ArbtuneError(_sentence(error)) from error
    for sentence in document["warnings"]:
        warn(printable(sentence))
    if arguments.json:
        print(json.dumps({"output": arguments.output, **document}, ensure_ascii=False))
    else:
        _print(arguments.output, document)
    return EXIT_OK


def _aligned(arguments: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    with live_line() as tell:
        tell("starting")
        from worker.commands.data.aligned import aligned  # polars: the line comes before it

        return aligned(arguments, settings.data_limits, tell)


def _sentence(error: OSError) -> str:
    """What went wrong with a file; an error without a number is a sentence already."""
    return f"{error.filename}: {error.strerror}" if error.errno else str(error)


def _print(output: str, document: dict[str, Any]) -> None:
    print(f"{printable(output)}: {document['rows']:,} rows")
    for label, venue in document["venues"].items():
        formats = ", ".join(dict.fromkeys(file["format"] for file in venue["files"]))
        print(
            f"  {label:<4}  {venue['quotes']:,} quotes ({formats}) by {venue['clock']} time, "
            f"{venue['first']} to {venue['last']}"
        )
    for reason, count in document["dropped_rows"].items():
        if count:
            print(f"  rows left out: {count:,} ({reason})")
