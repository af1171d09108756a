"""`arbtune completion SHELL`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse
import importlib

import shtab

from arbitrage.shell.console import EXIT_OK, ArgumentParser, Command
from worker.commands import program

SUMMARY = "print the script that completes commands, flags and files in a shell"
EXAMPLES = (
    'eval "$(arbtune completion bash)"',
    "arbtune completion bash > ~/.local/share/bash-completion/completions/arbtune",
    "arbtune completion zsh > ~/.zfunc/_arbtune",
)

_OF_FILES = frozenset({"PATH", "FILE", "SPEC", "FOLDER", "OUT"})


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))


SHELLS = ("bash", "zsh", "tcsh")


def run(arguments: argparse.Namespace) -> int:
    """Print it; 0."""
    print(shtab.complete(_whole_parser(), shell=arguments.shell))
    return EXIT_OK


def _whole_parser() -> ArgumentParser:
    """All commands in one parser; each else has its own, and imports no other."""
    whole = ArgumentParser("arbtune")
    commands = whole.add_subparsers(dest="command")
    for name, (module, summary) in program.COMMANDS.items():
        command: Command = importlib.import_module(module)
        parser = commands.add_parser(name, help=summary)
        command.configure(parser)
        _complete_files(parser)
    return whole


def _complete_files(parser: argparse.ArgumentParser) -> None:
    for action in parser._actions:  # noqa: SLF001 - argparse has no other list of them
        if isinstance(action.choices, dict):
            for inner in action.choices.values():
                _complete_files(inner)
        elif action.metavar in _OF_FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
