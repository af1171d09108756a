"""A URL with TLS to a port without it, and the other way round: a sentence that says so."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import redis

from tests.helpers.servers.tls import LOOPBACK, issue_certificates, tls_in_front_of
from worker.ledger import patience, redis_client
from worker.ledger.connection import RedisUnavailableError, redis_errors_in_a_sentence
from worker.ledger.redis_client import connect
from worker.settings import Settings


def refusal(url: str) -> str:
    """What somebody with this URL reads."""
    settings = Settings(redis_url=url)
    with (
        pytest.raises(RedisUnavailableError) as caught,
        redis_errors_in_a_sentence(settings),
        connect(settings, tries=0) as client,
    ):
        client.ping()
    return str(caught.value)


@pytest.mark.parametrize("user", ["", "somebody:secret@"])
def test_a_url_without_tls_to_a_port_with_it(redis_url: str, tmp_path: Path, user: str) -> None:
    with tls_in_front_of(redis_url, issue_certificates(tmp_path)) as port:
        told = refusal(f"redis://{user}{LOOPBACK}:{port}/0")
    assert told.startswith(f"Redis at redis://{LOOPBACK}:{port}/0 closes the connection")
    assert told.endswith("for a port with TLS ARBTUNE_REDIS_URL must start with rediss://")


def test_a_url_with_tls_to_a_port_without_it(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_client, "CONNECT_TIMEOUT_S", 1.0)
    began = time.monotonic()
    told = refusal(redis_url.replace("redis://", "rediss://"))
    assert told.startswith(f"Redis at {redis_url.replace('redis://', 'rediss://')} does not answer")
    assert told.endswith("for a port without TLS ARBTUNE_REDIS_URL must start with redis://")
    assert time.monotonic() - began < patience.REPLY_TIMEOUT_S, "as long as for an answer"


def test_a_server_with_too_many_clients(own_redis_url: str) -> None:
    with redis.Redis.from_url(own_redis_url) as client:
        client.ping()
        client.config_set("maxclients", 1)
        assert "as many clients as it takes (maxclients)" in refusal(own_redis_url)


def test_a_certificate_that_has_expired(redis_url: str, tmp_path: Path) -> None:
    with tls_in_front_of(redis_url, issue_certificates(tmp_path, expired=True)) as port:
        told = refusal(f"rediss://{LOOPBACK}:{port}/0?ssl_ca_certs={tmp_path / 'ca.crt'}")
    assert told.startswith("the certificate of Redis at rediss://")
    assert "has expired" in told


def test_a_file_that_is_not_a_certificate(redis_url: str, tmp_path: Path) -> None:
    (tmp_path / "ca.txt").write_text("no certificate", encoding="utf-8")
    with tls_in_front_of(redis_url, issue_certificates(tmp_path)) as port:
        told = refusal(f"rediss://{LOOPBACK}:{port}/0?ssl_ca_certs={tmp_path / 'ca.txt'}")
    assert told.startswith("the TLS files that ARBTUNE_REDIS_URL names")
