"""A command that only asks imports nothing that takes long: somebody waits for its start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = ("celery", "numba", "opentelemetry", "polars", "pydantic", "redis.asyncio.client")

ASK = f"""
import sys
from worker.cli import main
try:
    status = main(sys.argv[1:])
except SystemExit as ended:  # argparse ends after a help
    status = ended.code
print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
import redis
from redis import asyncio
assert asyncio.Redis is redis.asyncio.Redis and asyncio.sentinel.Sentinel
sys.exit(status)
"""


@pytest.mark.parametrize(
    ("arguments", "ends"),
    [
        ("status nobody", 4),
        ("result nobody", 4),
        ("jobs", 0),
        ("cancel nobody", 1),
        ("dead list", 0),
        ("workers", 1),  # there is none
        ("doctor --help", 0),
        ("top --help", 0),
    ],
)
def test_nothing_heavy_is_imported_and_asyncio_is_there_afterwards(
    redis_url: str, arguments: str, ends: int
) -> None:
    asked = subprocess.run(
        [sys.executable, "-c", ASK, *arguments.split()],
        env={**os.environ, "ARBTUNE_REDIS_URL": redis_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (asked.returncode, asked.stderr.splitlines()[-1]) == (ends, ""), asked.stderr
