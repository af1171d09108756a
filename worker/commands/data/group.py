"""`arbtune data`: the words after `data`, and which module answers to each."""

from __future__ import annotations

import argparse
import importlib

from arbitrage.shell.console import Command, examples_of

SUMMARY = "data files: make one of two venues' raw files; see what one is like"
EXAMPLES = (
    "arbtune data check quotes.csv",
    "arbtune data align --a binance.csv --b bybit.csv -o quotes.parquet",
)

ACTIONS = {"align": "worker.commands.data.align", "check": "worker.commands.data.check"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the actions, each with its flags."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name in ACTIONS:
        action = _module(name)
        parser = actions.add_parser(
            name, help=action.SUMMARY, description=action.SUMMARY, epilog=examples_of(action)
        )
        action.configure(parser)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked for; the action's exit status."""
    return _module(arguments.action).run(arguments)


def _module(name: str) -> Command:
    module: Command = importlib.import_module(ACTIONS[name])
    return module
