"""The walk through `docs/operations.md`, as it stands, in one shell."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
TOOLS = ("openssl", "curl", "redis-server", "git")
LACKING = [tool for tool in TOOLS if shutil.which(tool) is None]


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def script(ports: dict[str, str]) -> str:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return in_place("\n".join(blocks), ports)


def in_place(text: str, ports: dict[str, str]) -> str:
    for documented, free in ports.items():
        text = text.replace(documented, free)
    return text


def what_git_sees(folder: Path) -> str:
    """The files below a folder that would be committed."""
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    status = ["git", "status", "--porcelain", "--untracked-files=all"]
    return subprocess.run(status, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(
    bool(LACKING) and "CI" not in os.environ, reason=f"not on the PATH: {', '.join(LACKING)}"
)
def test_from_nothing_to_two_workers_with_tls_and_users(tmp_path: Path) -> None:
    ports = {"6379": free_port(), "9100": free_port()}
    shutil.copy(ROOT / ".gitignore", tmp_path)
    shutil.copytree(ROOT / "data", tmp_path / "data")
    (tmp_path / "deploy/redis").mkdir(parents=True)
    config = (ROOT / "deploy/redis/redis.conf").read_text(encoding="utf-8")
    (tmp_path / "deploy/redis/redis.conf").write_text(in_place(config, ports), encoding="utf-8")
    before = what_git_sees(tmp_path)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    output = tmp_path / "output"
    with output.open("wb") as file:
        shell = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script(ports)],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        status = shell.wait()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()
    said = output.read_text(encoding="utf-8")
    assert status == 0, said
    assert "2 with 2 processes" in said
    assert '"status": "success"' in said
    assert 'arbtune_job_outcomes_total{outcome="success"} 1.0' in said
    for log in ("worker-1.log", "worker-2.log"):
        assert "worker.ready" in (tmp_path / log).read_text(encoding="utf-8")
    output.unlink()
    assert (tmp_path / "tls/ca.key").exists()
    assert what_git_sees(tmp_path) == before, "keys and passwords must not be committed"
