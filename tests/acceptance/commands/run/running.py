"""`arbtune run` in a process of its own and in that of the test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts import run_arbitrage_tuning
from tests.conftest import JOB

RUN_MODULE = ["-m", "scripts.run_arbitrage_tuning"]
RUN_ARBTUNE = ["-m", "worker.cli", "run"]


def flags(**changes: Any) -> list[str]:
    job = {**JOB, **changes}
    given = {name: value for name, value in job.items() if value is not None}
    return [
        part
        for name, value in given.items()
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]


def start(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def here(
    arguments: list[str],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: Callable[[list[str]], int] = run_arbitrage_tuning.main,
) -> int:
    """The same command in this process, which starts quicker."""
    monkeypatch.chdir(folder)
    return command(arguments)
