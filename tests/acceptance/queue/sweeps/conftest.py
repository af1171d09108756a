"""Desks, and the one worker that tests of sweeps share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.queue.sweeps.desk import Desk
from tests.conftest import WorkerProcess, quotes_csv, running_worker


@pytest.fixture(scope="session")
def sweep_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sweeps")
    text = quotes_csv() + "2024-01-01T00:02:00Z,0,0,100,101\n"
    (root / "quotes.csv").write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def sweep_worker(
    redis_url: str, sweep_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    """A worker of two processes whose chunks do what their tags say."""
    log = tmp_path_factory.mktemp("sweep-worker") / "log"
    with running_worker(
        own_database(redis_url),
        sweep_root,
        log,
        concurrency=2,
        poisonous=True,
        job_time_limit_s="3",
        lease_s="3",
    ) as running:
        yield running


def own_database(url: str) -> str:
    """Apart from the session's worker, which takes no poison."""
    return url.removesuffix("/0") + "/2"


@pytest.fixture
def desk(redis_url: str, sweep_root: Path, tmp_path: Path) -> Desk:
    """At the shared worker, where a test asks for `sweep_worker`."""
    return Desk(sweep_root, own_database(redis_url), tmp_path / "results")


@pytest.fixture
def lonely(own_redis_url: str, sweep_root: Path, tmp_path: Path) -> Desk:
    """At a server that no worker listens to, unless the test starts one."""
    return Desk(sweep_root, own_redis_url, tmp_path / "results")
