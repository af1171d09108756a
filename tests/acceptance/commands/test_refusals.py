"""A worker that Redis does not let in, or not do its work, says so and ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import redis

from tests.acceptance.operating.deploy.test_least_rights import RULE
from tests.helpers.servers.forked import ForkedArbtune


def refused_worker(url: str, folder: Path) -> str:
    """What it said, in its one line."""
    environment = {**os.environ, "ARBTUNE_REDIS_URL": url, "ARBTUNE_DATA_ROOT": str(folder)}
    log = folder / "said"
    with log.open("wb") as output:
        arguments = ("worker", "--concurrency", "1")
        assert ForkedArbtune(*arguments, environment=environment, output=output).wait() == 1
    said = log.read_text(encoding="utf-8")
    assert said.count("\n") == 1
    assert "hush" not in said
    return said


def test_a_password_that_is_wrong_or_missing_ends_a_worker(
    own_redis_url: str, tmp_path: Path
) -> None:
    redis.Redis.from_url(own_redis_url).config_set("requirepass", "secret")
    for user in ("nobody:hush@", ":hush@", ""):
        said = refused_worker(own_redis_url.replace("//", f"//{user}"), tmp_path)
        assert said.startswith(f"arbtune: Redis at {own_redis_url} refuses the user or password")


def test_a_right_that_is_missing_ends_a_worker(own_redis_url: str, tmp_path: Path) -> None:
    admin: Any = redis.Redis.from_url(own_redis_url)
    url = own_redis_url.replace("//", "//arbtune-worker:hush@")
    for right, missing in [
        ("+evalsha", "to run the 'evalsha' command"),
        ("~arbtune:*", "to access a key"),
        ("~arbtune.*", "to access a key"),
        ("~celery*", "to access a key"),
        ("~unacked*", "to access a key"),
        ("~_kombu.binding*", "to access a key"),
        ("~*.celery.pidbox*", "to access a key"),
        ("&/0.celery.pidbox", "to access a channel"),
        ("+@connection", "to run the 'ping' command"),
        ("-brpop", "to run the 'brpop' command"),
    ]:
        rights = [one for one in RULE.split() if one != right]
        rights += [right] if right.startswith("-") else []
        admin.execute_command("ACL", "SETUSER", "arbtune-worker", "reset", "on", ">hush", *rights)
        said = refused_worker(url, tmp_path)
        assert said.startswith(f"arbtune: Redis at {own_redis_url} refused a command: ")
        assert missing in said, right
