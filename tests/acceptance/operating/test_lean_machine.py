"""Machines that lack what a worker is made of: one sentence, at once, instead of a death."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

WORKER = f"{shlex.quote(sys.executable)} -m worker.cli worker --concurrency 2"
PRIVATE = ["unshare", "--map-root-user", "--mount", "sh", "-c"]


def refusal(command: list[str], url: str) -> str:
    """What a worker says that cannot start."""
    done = subprocess.run(
        command,
        env={**os.environ, "ARBTUNE_REDIS_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    [line] = done.stderr.splitlines()
    return line


def test_too_few_files(redis_url: str) -> None:
    assert refusal(["sh", "-c", f"ulimit -n 40 && exec {WORKER}"], redis_url) == (
        "arbtune: a worker of 2 processes needs 64 open files, and may have 40: raise the limit "
        "(ulimit -n, LimitNOFILE) or set a lower --concurrency"
    )


def test_no_shared_memory(redis_url: str) -> None:
    try:
        can_mount = subprocess.run([*PRIVATE, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("no unshare on the PATH: no machine without /dev/shm")
    if can_mount.returncode:
        pytest.skip("this user may not mount: no machine without /dev/shm")
    line = refusal([*PRIVATE, f"mount -t tmpfs -o ro none /dev/shm && exec {WORKER}"], redis_url)
    assert line == (
        "arbtune: the processes of a worker share semaphores in /dev/shm, which cannot be written "
        "(Read-only file system): mount a tmpfs there"
    )
