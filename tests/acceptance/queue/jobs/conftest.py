"""The environment of a client of the session's worker, and its two kinds of client."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from celery import Celery

from tests.acceptance.queue.jobs.asked import Arbtune
from tests.helpers import commands


@pytest.fixture
def environment(redis_url: str, data_root: Path) -> dict[str, str]:
    return {**os.environ, "ARBTUNE_REDIS_URL": redis_url, "ARBTUNE_DATA_ROOT": str(data_root)}


@pytest.fixture
def client(redis_url: str) -> Celery:
    """A Celery app that knows nothing of this project."""
    return Celery("somebody-else", broker=redis_url, backend=redis_url)


@pytest.fixture
def arbtune(environment: dict[str, str]) -> Arbtune:
    """Run one command of the product."""
    return partial(commands.arbtune, environment=environment)
