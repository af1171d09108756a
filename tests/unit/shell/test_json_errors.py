"""Whoever asks for JSON reads of a failure there too, beside the line on stderr."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from arbitrage.shell.console import ArgumentParser
from tests.conftest import JOB
from tests.unit.shell.test_help import MODULES, parsers
from worker.cli import main
from worker.commands.program import COMMANDS

FLAGS = " ".join(f"--{name.replace('_', '-')}={value}" for name, value in JOB.items())


def lines_with_json() -> Iterator[str]:
    """The beginning of each command line that takes --json."""
    for name in COMMANDS:
        outer = ArgumentParser(name)
        MODULES[name].configure(outer)
        yield from (one.prog for one in parsers(outer) if "--json" in one.format_usage())


def failure(line: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The error of a command that fails, from its one line on stdout."""
    assert main(line.split()) == 1
    told = capsys.readouterr()
    [said] = told.out.splitlines()
    document = json.loads(said)
    error: dict[str, Any] = document.pop("error")
    assert document == {"status": "error", "config": None, "version": 1}
    assert told.err == f"arbtune: {error['message']}\n"
    return error


@pytest.mark.parametrize("line", list(lines_with_json()))
def test_a_wrong_argument(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert failure(f"{line} --json --no-such-flag", capsys)["type"] == "ValueError"


@pytest.mark.parametrize("line", [f"enqueue {FLAGS}", "jobs", "status x", "dead list", "doctor"])
def test_a_wrong_setting(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARBTUNE_LEASE_S", "soon")
    error = failure(f"{line} --json", capsys)
    assert error["message"] == "ARBTUNE_LEASE_S must be a number, not 'soon'"


@pytest.mark.parametrize("line", [f"enqueue {FLAGS}", "doctor"])
def test_a_server_that_refuses_us(
    line: str,
    own_redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ARBTUNE_REDIS_URL", own_redis_url.replace("//", "//nobody:hush@"))
    error = failure(f"{line} --json", capsys)
    assert error["type"] == "RedisUnavailableError"
    assert "hush" not in error["message"]
