"""`arbtune enqueue --local`: a server and a worker that end with the command."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.acceptance.queue.jobs.asked import Arbtune, flags
from tests.conftest import JOB, PATIENCE_S, wait_until


def test_local_refuses_a_data_root_that_is_none(
    arbtune: Arbtune,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    environment["ARBTUNE_DATA_ROOT"] = str(tmp_path / "none")
    answer = arbtune("enqueue", "--local", *flags(JOB))
    assert answer.returncode == 1
    assert answer.stderr == f"arbtune: ARBTUNE_DATA_ROOT is not a folder: {tmp_path / 'none'}\n"


@pytest.mark.usefixtures("one_core")
def test_local_says_so_when_its_worker_ends(arbtune: Arbtune, environment: dict[str, str]) -> None:
    environment["ARBTUNE_PROBE_DIR"] = "/proc/no-folder-can-be-made-here"
    answer = arbtune("enqueue", "--local", *flags(JOB))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("arbtune: a worker that this command started has ended with ")
    assert "FileNotFoundError" in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.usefixtures("one_core")
def test_a_command_that_brought_up_a_server_takes_it_down_when_it_is_ended(
    environment: dict[str, str],
) -> None:
    command = [sys.executable, "-m", "worker.cli", "enqueue", "--local", *flags(JOB)]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    started: list[psutil.Process] = []

    def has_started() -> bool:
        started[:] = psutil.Process(process.pid).children()
        return len(started) == 2

    wait_until(has_started, "a server and a worker are up")
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 128 + signal.SIGTERM
    _, alive = psutil.wait_procs(started, timeout=PATIENCE_S)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []
