"""`arbtune config show`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse
import json
import os
from typing import TYPE_CHECKING, Any

from arbitrage.caches.cache_folder import cache_folder
from arbitrage.shell.console import EXIT_OK, printable
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SUMMARY = "the settings: show what holds here, and where each comes from"
EXAMPLES = ("arbtune config show", "arbtune config show --json")

_CACHE_DIR = "ARBTUNE_CACHE_DIR"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the action and its flags."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    summary = "show each setting, its value, and whether it is a default; passwords are left out"
    showing = actions.add_parser("show", help=summary, description=summary)
    showing.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Show them; 0 when they can be used together."""
    rows = list(_rows(Settings.from_environment(), os.environ))
    if arguments.json:
        print(json.dumps({name: {"value": v, "from": source} for name, v, source in rows}))
        return EXIT_OK
    width = max(len(name) for name, _, _ in rows)
    for name, value, source in rows:
        shown = "none" if value is None else printable(value)
        print(f"{name:<{width}}  {shown}  ({source})")
    return EXIT_OK


def _rows(settings: Settings, environment: Mapping[str, str]) -> Iterator[tuple[str, Any, str]]:
    """The variable of each setting, its value as JSON has it, and where that comes from."""
    values = {**settings.by_variable(), _CACHE_DIR: str(cache_folder())}
    for name, value in values.items():
        source = "environment" if environment.get(name) else "default"
        yield name, value, source
