"""Checks what a deployment needs for the promise to hold; each check has a remedy."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import redis

from arbitrage.arbitrage_core import ENGINE_VERSION
from worker.ledger.ledger import Ledger
from worker.operating.rights import is_refusal
from worker.operating.signs.presence import present_workers, program_version
from worker.settings import SENTINEL_FORM, Settings

MAX_CLOCK_SKEW_S = 5.0
NAME_THE_MASTER = f"ARBTUNE_REDIS_URL must name the master, or Sentinels: {SENTINEL_FORM}"
OLDEST_REDIS = (7, 0, 0)

# Per branch, the first release in which CVE-2025-49844 and CVE-2026-23631 are mended: who may run
# scripts could run code on the server. Branches that are not here have no such release.
_SAFE_REDIS = ((7, 4, 9), (8, 2, 6), (8, 4, 3), (8, 6, 3))
_SAFE_VALKEY = ((7, 2, 13), (8, 0, 8), (8, 1, 7), (9, 0, 4))

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """A finding: what was looked at, what was found, and what to change where it is wrong."""

    name: str
    ok: bool
    found: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the checks look at."""

    settings: Settings
    client: redis.Redis
    info: dict[str, Any]


def examine(settings: Settings, client: redis.Redis) -> Iterator[Check]:
    """All checks, one after the other.

    Raises:
        redis.RedisError: The server is out of reach, or lets the user not even say INFO.
    """
    info: Any = client.info("everything")
    deployment = Deployment(settings, client, info)
    for check in _CHECKS:
        yield check(deployment)


def _redis_version(deployment: Deployment) -> Check:
    info = deployment.info
    is_valkey = info.get("server_name") == "valkey"
    program, text = (
        ("Valkey", info["valkey_version"]) if is_valkey else ("Redis", info["redis_version"])
    )
    safe = _SAFE_VALKEY if is_valkey else _SAFE_REDIS
    version = _parsed(text)
    remedy = None
    if version < OLDEST_REDIS:
        remedy = "use Redis 7 or later, or Valkey"
    elif not _is_safe(version, safe):
        newer = " or ".join(".".join(map(str, one)) for one in safe if one > version)
        remedy = (
            f"CVE-2025-49844 or CVE-2026-23631 is open in it: upgrade to {newer} "
            "(or pass --skip redis-version, if your distribution has mended it)"
        )
    return Check("redis-version", remedy is None, f"{program} {text}", remedy)


def _parsed(text: str) -> Version:
    return tuple(int(part) for part in text.split(".")[:3] if part.isdecimal())


def _is_safe(version: Version, safe: tuple[Version, ...]) -> bool:
    """Whether it is at or above the safe release of its own branch, or above all branches."""
    same_branch = [one for one in safe if one[:2] == version[:2]]
    return version >= (same_branch or safe[-1:])[0]


def _append_only(deployment: Deployment) -> Check:
    if not deployment.info.get("aof_enabled"):
        remedy = "set appendonly yes: without it a restart of the server loses jobs"
        return Check("append-only", ok=False, found="appendonly no", remedy=remedy)
    written = str(deployment.info.get("aof_last_write_status", "ok"))
    remedy = "look at the server's disk: it cannot write its append-only file"
    ok = written == "ok"
    return Check("append-only", ok, f"appendonly yes, last write {written}", None if ok else remedy)


def _role(deployment: Deployment) -> Check:
    info = deployment.info
    if info.get("cluster_enabled"):
        remedy = "use one server, with replicas if you like: the ledger's keys want to be together"
        return Check("role", ok=False, found="a node of a cluster", remedy=remedy)
    if info.get("role") != "master":
        found = f"a replica of {info.get('master_host')}:{info.get('master_port')}"
        return Check("role", ok=False, found=found, remedy=NAME_THE_MASTER)
    replicas = int(info.get("connected_slaves", 0))
    plural = "" if replicas == 1 else "s"
    found = f"a master with {replicas} replica{plural}" if replicas else "a server of its own"
    return Check("role", ok=True, found=found)


def _fsync(deployment: Deployment) -> Check:
    try:
        held: Any = deployment.client.config_get("appendfsync")
    except redis.exceptions.NoPermissionError:
        found = "this user may not ask for appendfsync: everysec is meant"
        return Check("appendfsync", ok=True, found=found)
    policy = str(held.get("appendfsync"))
    losses = {"always": "nothing", "everysec": "up to 2 s of jobs", "no": "some 30 s of jobs"}
    found = f"appendfsync {policy}: a power cut costs {losses.get(policy, 'we do not know what')}"
    remedy = None if policy in ("always", "everysec") else "set appendfsync everysec, or always"
    return Check("appendfsync", remedy is None, found, remedy)


def _eviction(deployment: Deployment) -> Check:
    policy = str(deployment.info.get("maxmemory_policy"))
    remedy = "set maxmemory-policy noeviction: any other removes jobs when memory is full"
    ok = policy == "noeviction"
    return Check("eviction", ok, f"maxmemory-policy {policy}", None if ok else remedy)


def _clock(deployment: Deployment) -> Check:
    before = time.time()
    answer: Any = deployment.client.time()
    here = (before + time.time()) / 2
    skew = answer[0] + answer[1] / 1e6 - here
    ok = abs(skew) <= MAX_CLOCK_SKEW_S
    remedy = "let both machines follow a time server (NTP)"
    return Check("clock", ok, f"the server's is {skew:+z.1f} s from ours", None if ok else remedy)


def _ledger(deployment: Deployment) -> Check:
    settings = deployment.settings
    ledger = Ledger(deployment.client, result_ttl_s=settings.result_ttl_s, lease_s=settings.lease_s)
    try:
        ledger.check_rights()
    except redis.ReadOnlyError:
        found = "refused: a replica takes no jobs"
        return Check("ledger", ok=False, found=found, remedy=NAME_THE_MASTER)
    except redis.ResponseError as error:
        rights = "give the user the rights that deploy/redis/redis.conf has for it"
        remedy = rights if is_refusal(error) else "see to what it says, on the server"
        return Check("ledger", ok=False, found=f"refused: {error}", remedy=remedy)
    return Check("ledger", ok=True, found="its scripts run")


def _data_root(deployment: Deployment) -> Check:
    root = deployment.settings.data_root.absolute()
    ok = root.is_dir() and os.access(root, os.R_OK | os.X_OK)
    remedy = "set ARBTUNE_DATA_ROOT to a folder that this user can read"
    found = f"{root} can be read" if ok else f"{root} is not a folder, or cannot be read"
    return Check("data-root", ok, found, None if ok else remedy)


def _workers(deployment: Deployment) -> Check:
    workers = present_workers(deployment.client)
    if not workers:
        remedy = "start one: arbtune worker; without it no job runs, and none that died is found"
        return Check("workers", ok=False, found="no worker has announced itself", remedy=remedy)
    processes = sum(worker.concurrency for worker in workers)
    return Check("workers", ok=True, found=f"{len(workers)} with {processes} processes")


def _versions(deployment: Deployment) -> Check:
    ours = (program_version(), ENGINE_VERSION)
    others = [
        f"{worker.worker} has arbtune {worker.version}, engine {worker.engine_version}"
        for worker in present_workers(deployment.client)
        if (worker.version, worker.engine_version) != ours
    ]
    found = "; ".join([f"arbtune {ours[0]}, engine {ours[1]} here", *others])
    remedy = "install one version everywhere: workers first, then those who enqueue"
    return Check("versions", not others, found, remedy if others else None)


_CHECKS: tuple[Callable[[Deployment], Check], ...] = (
    _redis_version,
    _role,
    _append_only,
    _fsync,
    _eviction,
    _clock,
    _ledger,
    _data_root,
    _workers,
    _versions,
)
