"""A master, a replica and three Sentinels on loopback, for tests of a failover."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import redis

from tests.conftest import wait_until
from tests.helpers.servers.durable import binary_of

LOOPBACK = "127.0.0.1"
MASTER = "arbtune-test"
SENTINEL = """\
port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor {master} 127.0.0.1 {server} 2
sentinel down-after-milliseconds {master} 1000
sentinel failover-timeout {master} 5000
"""


class Group:
    """The servers of a group by their ports, and the Sentinels that watch them."""

    def __init__(self, servers: dict[int, subprocess.Popen[bytes]], sentinels: list[int]) -> None:
        self._servers = servers
        self._sentinels = sentinels
        hosts = ",".join(f"{LOOPBACK}:{port}" for port in sentinels)
        self.url = f"sentinel://{hosts}/0?master={MASTER}"

    def master_port(self) -> int | None:
        """Where the Sentinels say that the master is; None while they do not agree."""
        ports = {self._asked(port) for port in self._sentinels}
        return ports.pop() if len(ports) == 1 else None

    def _asked(self, port: int) -> int:
        with redis.Redis(port=port) as sentinel:
            address: Any = sentinel.sentinel_get_master_addr_by_name(MASTER)
            return int(address[1])

    def is_watched(self) -> bool:
        """Whether all know each other, and the replica."""
        for port in self._sentinels:
            with redis.Redis(port=port) as sentinel:
                known: Any = sentinel.sentinel_masters()
            if (known[MASTER]["num-other-sentinels"], known[MASTER]["num-slaves"]) != (2, 1):
                return False
        return True

    def kill_master(self) -> int:
        """End the master as a crash would; its port."""
        port = self.master_port()
        assert port is not None
        self._servers[port].kill()
        self._servers[port].wait()
        return port

    def replica_port(self) -> int:
        """Where the other server is."""
        [port] = set(self._servers) - {self.master_port()}
        return port


@contextmanager
def sentinel_group(folder: Path) -> Iterator[Group]:
    """A group of which all know each other; everything of it ends with the block."""
    first, second, *sentinels = _free_ports(5)
    with ExitStack() as stack:
        servers = {
            first: _server(stack, folder, first),
            second: _server(stack, folder, second, "--replicaof", LOOPBACK, str(first)),
        }
        for port in sentinels:
            own = folder / str(port)
            own.mkdir()
            text = SENTINEL.format(port=port, folder=own, master=MASTER, server=first)
            (own / "sentinel.conf").write_text(text, encoding="utf-8")
            _process(stack, own, str(own / "sentinel.conf"), "--sentinel")
        for port in (first, second, *sentinels):
            wait_until(lambda port=port: _answers(port), "it answers")  # type: ignore[misc]
        group = Group(servers, sentinels)
        wait_until(group.is_watched, "the Sentinels know each other and the replica", 60)
        yield group


def _server(stack: ExitStack, folder: Path, port: int, *options: str) -> subprocess.Popen[bytes]:
    own = folder / str(port)
    own.mkdir()
    durable = ["--appendonly", "yes", "--save", "", "--repl-diskless-sync-delay", "0"]
    where = ["--port", str(port), "--bind", LOOPBACK, "--dir", str(own)]
    return _process(stack, own, *where, *durable, *options)


def _process(stack: ExitStack, folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    binary = binary_of("valkey")
    assert binary is not None
    log = stack.enter_context((folder / "log").open("wb"))
    process = subprocess.Popen([binary, *arguments], stdout=log, stderr=log)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def _answers(port: int) -> bool:
    try:
        with redis.Redis(port=port) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]
