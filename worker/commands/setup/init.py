"""`arbtune init [FILE]`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse
from pathlib import Path

from arbitrage.documents.spec.grids import field_value
from arbitrage.documents.spec.template import template
from arbitrage.documents.whole_file import write_whole
from arbitrage.errors import ConfigError
from arbitrage.shell.console import EXIT_OK, printable

SUMMARY = (
    "print a sweep spec to begin with, every field explained, or write it to a file; arbtune data "
    "check FILE --spec makes one of what a data file has"
)
EXAMPLES = ("arbtune init", "arbtune init sweep.yaml --data-file quotes.csv")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "file", metavar="FILE", nargs="?", type=Path, help="where to write it (default: stdout)"
    )
    parser.add_argument(
        "--data-file", metavar="PATH", default="quotes.csv", help="the snapshot file of the sweep"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print or write it; 0 when that is done."""
    text = template(field_value("data_file", arguments.data_file))
    if arguments.file is None:
        print(text, end="")
        return EXIT_OK
    if arguments.file.exists():
        raise ConfigError(f"{arguments.file} is there already: name another file, or remove it")
    try:
        write_whole(arguments.file, text)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot write {arguments.file}: {reason}") from error
    name = printable(arguments.file)
    print(f"{name} is written: edit it, then arbtune sweep {name} --local")
    return EXIT_OK
