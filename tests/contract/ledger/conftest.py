"""The ledger's promises are kept on fakeredis and on real servers alike."""

from __future__ import annotations

from collections.abc import Iterator

import fakeredis
import pytest
import redis

from tests.contract.ledger.jobs import LEASE_S
from tests.helpers.servers.durable import binary_of, durable_server
from worker.client.embedded import embedded_server
from worker.ledger.ledger import Ledger


@pytest.fixture(scope="session")
def quiet_url() -> Iterator[str]:
    """A real server that no worker looks at: its reconciler would publish what is due here."""
    with embedded_server() as url:
        yield url


@pytest.fixture(scope="session")
def installed_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The Redis that is installed on this machine."""
    if binary_of("redis") is None:
        pytest.skip("no redis-server on the PATH: the contract is not tried on Redis itself")
    with durable_server("redis", tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest.fixture(params=["fakeredis", "quiet_url", "installed_url"])
def client(request: pytest.FixtureRequest) -> Iterator[redis.Redis]:
    """Each test runs on all: whatever one of them does differently shows up here."""
    if request.param == "fakeredis":
        yield fakeredis.FakeRedis()
        return
    server = redis.Redis.from_url(request.getfixturevalue(request.param))
    server.flushdb()
    yield server
    server.close()


@pytest.fixture
def ledger(client: redis.Redis) -> Ledger:
    return Ledger(client, result_ttl_s=3600, lease_s=LEASE_S)
