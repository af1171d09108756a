"""The image and the local stack, read as text: what they promise without an engine to run them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from worker.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
OURS = ["worker", "enqueue", "flower"]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions: name and arguments."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def test_the_compose_file_keeps_to_the_specifications_schema() -> None:
    checked = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec"),
            str(ROOT / "docker-compose.yml"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_redis_keeps_what_it_is_given_and_is_not_published() -> None:
    redis = COMPOSE["services"]["redis"]
    flags = dict(zip(redis["command"][1::2], redis["command"][2::2], strict=True))
    assert flags == {
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--maxmemory-policy": "noeviction",
        "--save": "",
    }
    assert redis["volumes"] == ["redis-data:/data"]
    assert redis["healthcheck"]["test"] == ["CMD", "redis-cli", "ping"]
    assert "ports" not in redis


@pytest.mark.parametrize("name", OURS)
def test_our_services_are_confined_and_wait_for_redis(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == ["./data:/data:ro", "cache:/cache"]
    assert service["depends_on"] == {"redis": {"condition": "service_healthy"}}


def test_a_worker_has_time_to_finish() -> None:
    worker = COMPOSE["services"]["worker"]
    settings = Settings.from_environment(worker["environment"])
    assert float(worker["stop_grace_period"].removesuffix("s")) >= settings.shutdown_s + 10


def test_flower_listens_on_this_machine_only_and_is_pinned_to_a_safe_version() -> None:
    assert COMPOSE["services"]["flower"]["ports"] == ["127.0.0.1:5555:5555"]
    lock = (ROOT / "requirements-flower.lock").read_text(encoding="utf-8")
    found = re.search(r"^flower==(\d+)\.(\d+)", lock, flags=re.MULTILINE)
    assert found is not None
    assert (int(found[1]), int(found[2])) >= (2, 2)


def test_the_image_runs_as_an_ordinary_user_with_hashed_dependencies() -> None:
    found = instructions()
    stages = [arguments.split()[-1] for name, arguments in found if name == "FROM"]
    assert stages[-1] == "arbtune", "the default target"
    assert [arguments for name, arguments in found if name == "USER"] == ["10001"]
    for name, arguments in found:
        if name in ("RUN", "CMD"):
            words = json.loads(arguments)
            assert isinstance(words, list), "exec form: signals reach the program"
            if "-r" in words:
                assert "--require-hashes" in words
    assert found[-1] == ("CMD", '["arbtune", "worker"]')


def test_the_locks_hold_versions_and_hashes_but_no_addresses() -> None:
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert len(locks) == 6
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        pins = re.findall(r"^[a-zA-Z0-9_.\[\]-]+==[^\n]*\\\n    --hash=sha256:", text, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^[a-zA-Z0-9]", text, re.MULTILINE))
