"""`arbtune doctor` on real servers: nothing to change, or what."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.conftest import running_worker, wait_until
from tests.helpers import commands
from tests.helpers.servers.durable import DurableServer, durable_server
from worker.ledger.names import WORKER_KEY, WORKERS_KEY
from worker.operating.signs.presence import Presence, present_workers

CHECKS = [
    "redis-version",
    "role",
    "append-only",
    "appendfsync",
    "eviction",
    "clock",
    "ledger",
    "data-root",
    "workers",
    "versions",
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DurableServer]:
    with durable_server("valkey", tmp_path) as running:
        yield running


def doctor(url: str, *arguments: str, root: Path | None = None) -> subprocess.CompletedProcess[str]:
    places = {"ARBTUNE_REDIS_URL": url, "ARBTUNE_DATA_ROOT": str(root or Path.cwd())}
    return commands.arbtune("doctor", *arguments, environment={**os.environ, **places})


def wrong(answer: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The failed checks with what to change, from the answer to --json."""
    document = json.loads(answer.stdout)
    assert [check["name"] for check in document["checks"]] == CHECKS
    assert document["ok"] is (answer.returncode == 0)
    return {check["name"]: check["remedy"] for check in document["checks"] if not check["ok"]}


def test_a_sound_deployment_has_nothing_to_change(server: DurableServer, tmp_path: Path) -> None:
    with running_worker(server.url, tmp_path, tmp_path / "log", concurrency=2):
        client: Any = redis.Redis.from_url(server.url)
        wait_until(lambda: present_workers(client), "the worker has announced itself")
        answer = doctor(server.url, "--json")
        assert wrong(answer) == {}
        told = doctor(server.url)
        [present] = present_workers(client)
        assert 0 < client.ttl(WORKER_KEY.format(present.worker)) <= 10, (
            "dead it would not count for longer"
        )
    assert told.returncode == 0
    assert "1 with 2 processes" in told.stdout
    assert "WRONG" not in told.stdout


def test_each_fault_is_found_and_says_what_to_change(server: DurableServer, tmp_path: Path) -> None:
    client: Any = redis.Redis.from_url(server.url)
    client.config_set("appendonly", "no")
    client.config_set("maxmemory-policy", "allkeys-lru")
    found = wrong(doctor(server.url, "--json", root=tmp_path / "nowhere"))
    assert set(found) == {"append-only", "eviction", "data-root", "workers"}
    assert "set appendonly yes" in found["append-only"]
    assert "set maxmemory-policy noeviction" in found["eviction"]
    assert "start one: arbtune worker" in found["workers"]
    told = doctor(server.url, "--skip", "workers", "--skip", "append-only")
    assert told.returncode == 1
    assert told.stdout.count("WRONG") == 1
    assert told.stdout.count("skipped") == 2


def test_a_worker_of_another_version_is_named(server: DurableServer) -> None:
    client: Any = redis.Redis.from_url(server.url)
    old = Presence("elsewhere/7/x", 1, "0.0.9", "0")
    newer_format = {**asdict(old), "something": "that we do not know"}
    client.set(WORKER_KEY.format(old.worker), json.dumps(newer_format), ex=60)
    client.sadd(WORKERS_KEY, old.worker, "gone/1/y")
    assert present_workers(client) == [old]
    assert client.smembers(WORKERS_KEY) == {old.worker.encode()}
    answer = doctor(server.url, "--json")
    assert set(wrong(answer)) == {"versions"}
    assert "elsewhere/7/x has arbtune 0.0.9, engine 0" in answer.stdout


def test_a_user_without_the_right_to_run_scripts_is_found(server: DurableServer) -> None:
    client: Any = redis.Redis.from_url(server.url)
    url = server.url.replace("redis://", "redis://poor:x@")
    for rights in (["~*", "+@all", "-evalsha", "-eval", "-script"], ["~arbtune:worker*", "+@all"]):
        client.execute_command("ACL", "SETUSER", "poor", "reset", "on", ">x", *rights)
        assert "deploy/redis/redis.conf" in wrong(doctor(url, "--json"))["ledger"]


def test_a_server_that_does_not_write_is_told_apart_from_rights(server: DurableServer) -> None:
    client: Any = redis.Redis.from_url(server.url)
    client.config_set("min-replicas-to-write", 1)
    client.config_set("appendfsync", "no")
    answer = doctor(server.url, "--json")
    found = wrong(answer)
    assert set(found) == {"ledger", "workers", "appendfsync"}
    assert found["ledger"] == "see to what it says, on the server"
    assert "NOREPLICAS" in answer.stdout
    assert found["appendfsync"] == "set appendfsync everysec, or always"


def test_a_server_that_is_away_is_one_sentence() -> None:
    answer = doctor("redis://127.0.0.1:1/0")
    assert answer.returncode == 1
    assert answer.stderr.startswith("arbtune: Redis at redis://127.0.0.1:1/0 cannot be reached")
    assert answer.stderr.count("\n") == 1
