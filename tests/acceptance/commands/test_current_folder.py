"""Files in the current folder that are named as modules are: none of our processes imports one."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import pytest

from tests.conftest import JOB, quotes_csv, wait_until

ARBTUNE = Path(sys.executable).with_name("arbtune")
TRAP = "raise SystemExit(f'imported from the current folder: {__name__}')\n"
FLAGS = [f"--{name.replace('_', '-')}={value}" for name, value in JOB.items()]

# What a worker does that has died: it becomes a new one, in the same process.
START_AGAIN = """
from argparse import Namespace
from worker.commands.celery_worker import start_again

start_again(
    Namespace(local=False, restarts_left=1, concurrency=1, events=False, log_format="auto")
)
"""


@pytest.fixture(scope="module")
def trapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data file, and a file named as each module that there is."""
    folder = tmp_path_factory.mktemp("trapped")
    (folder / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    ours = {"arbitrage", "scripts", "worker"}
    for name in {*ours, *sys.stdlib_module_names, *metadata.packages_distributions()}:
        if name.isidentifier():
            (folder / f"{name}.py").write_text(TRAP, encoding="utf-8")
    return folder


def test_local_runs_where_a_file_is_named_as_a_module(trapped: Path) -> None:
    ran = subprocess.run(
        [ARBTUNE, "enqueue", "--local", "--json", *FLAGS],
        cwd=trapped,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["metrics"]["total_trades"] == 10


def test_a_worker_that_starts_again_and_its_metrics_run_there_too(
    trapped: Path, own_redis_url: str
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = {"REDIS_URL": own_redis_url, "DATA_ROOT": str(trapped), "METRICS_PORT": str(port)}
    environment = {**os.environ, **{f"ARBTUNE_{name}": text for name, text in settings.items()}}

    def is_served() -> bool:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
            return b"arbtune_workers 1.0" in page.read()
        return False

    worker = subprocess.Popen(
        [sys.executable, "-P", "-c", START_AGAIN],
        cwd=trapped,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: is_served() or worker.poll() is not None, "it serves its figures")
        assert worker.poll() is None
        worker.send_signal(signal.SIGTERM)
        assert worker.wait() == 0
    finally:
        worker.kill()
        worker.wait()
