"""What the program says of itself: every flag has a help text, and a terminal's width holds it."""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
import shlex
from collections.abc import Iterator
from contextlib import suppress

import pytest

from arbitrage.arbitrage_tuning import TuningConfig
from arbitrage.shell.console import ArgumentParser, examples_of
from scripts import make_sample_data
from worker import cli
from worker.commands import program
from worker.commands.setup.doctor import CHECKS
from worker.operating import deployment

MODULES = {
    **{name: importlib.import_module(path) for name, (path, _) in program.COMMANDS.items()},
    "make_sample_data": make_sample_data,
}


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its actions."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from parsers(inner)


@pytest.mark.parametrize("name", MODULES)
def test_every_command_and_flag_is_explained_in_80_columns(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    module = MODULES[name]
    outer = ArgumentParser(
        f"arbtune {name}", description=module.SUMMARY, epilog=examples_of(module)
    )
    module.configure(outer)
    for parser in parsers(outer):
        assert parser.description
        assert max(map(len, parser.format_help().splitlines())) <= 80
        for action in parser._actions:
            if not isinstance(action, argparse._SubParsersAction):
                assert action.help, (parser.prog, action.dest)


@pytest.mark.parametrize("name", program.COMMANDS)
def test_every_example_is_a_line_that_the_command_takes(name: str) -> None:
    module = MODULES[name]
    parser = ArgumentParser(f"arbtune {name}")
    module.configure(parser)
    assert module.EXAMPLES
    for example in module.EXAMPLES:
        called = re.search(rf"\barbtune {name}\b(.*)", example)
        assert called, example
        line = re.split(r" > |\)", called[1])[0]  # what the shell takes of it
        parser.parse(shlex.split(line))


def test_the_overview_fits_into_80_columns() -> None:
    assert max(map(len, program._overview().splitlines())) <= 80


def test_a_flag_says_that_it_is_required_or_what_holds_without_it() -> None:
    parser = ArgumentParser("arbtune run")
    MODULES["run"].configure(parser)
    helps = {action.dest: action.help or "" for action in parser._actions}
    for name, field in TuningConfig.model_fields.items():
        assert ("(required)" in helps[name]) == field.is_required(), name
        assert ("(default: " in helps[name]) == (
            not field.is_required() and name not in {"tag", "extra"}
        ), name


def test_the_doctors_checks_are_those_that_may_be_skipped() -> None:
    made = re.findall(r'Check\(\s*"([a-z-]+)"', inspect.getsource(deployment))
    assert set(CHECKS) == set(made)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--verison", "no such option: '--verison' (did you mean --version?)"),
        ("--local sweep", "no such option: '--local' (those of a command stand behind it)"),
        ("swep", "no such command: 'swep' (did you mean sweep?)"),
        ("help swep", "no such command: 'swep' (did you mean sweep?)"),
        ("what", "no such command: 'what' (see arbtune --help)"),
        ("sweep x --stauts", "no such option: --stauts, did you mean --status? (see arbtune sweep"),
        ("dead list --limt=3", "no such option: --limt, did you mean --limit? (see arbtune dead"),
        ("worker --restarts", "no such option: --restarts (see arbtune worker --help)"),
        ("status a b", "unrecognized arguments: b (see arbtune status --help)"),
    ],
)
def test_a_mistake_is_told_with_what_was_probably_meant(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(line.split()) == 1
    assert capsys.readouterr().err.startswith(f"arbtune: {said}")


@pytest.mark.parametrize(
    ("line", "begin"),
    [
        ("help", "usage: arbtune COMMAND"),
        ("help --help", "usage: arbtune COMMAND"),
        ("help sweep", "usage: arbtune sweep"),
        ("--help dead list", "usage: arbtune dead list"),
        ("-V", "arbtune "),
        ("--version", "arbtune "),
    ],
)
def test_help_and_version_are_found_under_each_of_their_names(
    line: str, begin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with suppress(SystemExit):  # argparse ends the process with its help
        assert cli.main(line.split()) == 0
    assert capsys.readouterr().out.startswith(begin)
