"""Clients of the Redis server, and the sentence for when it is away."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry

from arbitrage.errors import ArbtuneError
from worker.ledger import Ledger

if TYPE_CHECKING:
    from worker.settings import Settings

CONNECT_TIMEOUT_S = 5.0
REPLY_TIMEOUT_S = 30.0  # a server that rewrites its append-only file may pause for seconds

# Tries of one command before its error is believed: about 3 s for somebody at a terminal, about
# 30 s for whoever waits for what goes on without them while the server restarts.
TRIES_OF_A_PERSON = 5
TRIES_OF_A_WORKER = 20


class RedisUnavailableError(ArbtuneError):
    """Redis cannot be reached, or refuses us.

    Attributes:
        job_ids: Of jobs that were to be sent, those that were.
    """

    job_ids: tuple[str, ...] = ()


class TlsConnection(redis.SSLConnection):
    """Bounds the handshake as it does the connecting: a port without TLS never answers to it."""

    def _wrap_socket_with_ssl(self, sock: socket.socket) -> ssl.SSLSocket:
        sock.settimeout(self.socket_connect_timeout)
        wrapped: ssl.SSLSocket = super()._wrap_socket_with_ssl(sock)
        wrapped.settimeout(self.socket_timeout)
        return wrapped


def connect(
    settings: Settings, *, tries: int = TRIES_OF_A_PERSON, patience_s: float = REPLY_TIMEOUT_S
) -> redis.Redis:
    """A client of the configured server; it connects with its first command.

    `patience_s`: how long it waits for a connection and for each answer.
    """
    with_tls = settings.redis_url.startswith("rediss://")
    return redis.Redis.from_url(
        settings.redis_url,
        connection_class=TlsConnection if with_tls else redis.Connection,
        socket_connect_timeout=min(CONNECT_TIMEOUT_S, patience_s),
        socket_timeout=patience_s,
        socket_keepalive=True,
        retry=Retry(ExponentialWithJitterBackoff(base=0.1, cap=2.0), tries),
    )


def worker_patience_s(settings: Settings) -> float:
    """How long a worker waits for an answer: several that do not come fit into a lease."""
    return min(max(1.0, settings.lease_s / 5), REPLY_TIMEOUT_S)


def open_ledger(
    settings: Settings,
    *,
    tries: int = TRIES_OF_A_PERSON,
    patience_s: float = REPLY_TIMEOUT_S,
    kind: type[Ledger] = Ledger,
) -> Ledger:
    """The ledger on the configured server; `patience_s` as for `connect`."""
    return kind(
        connect(settings, tries=tries, patience_s=patience_s),
        result_ttl_s=settings.result_ttl_s,
        lease_s=settings.lease_s,
    )


def open_patient_ledger(settings: Settings) -> Ledger:
    """A ledger that outlasts a restart of the server, once the server could be reached at all."""
    connect(settings).ping()
    return open_ledger(settings, tries=TRIES_OF_A_WORKER)


@contextmanager
def redis_errors_in_a_sentence(settings: Settings) -> Iterator[None]:
    """Turn the driver's errors into one sentence that names the server and what to check."""
    place = settings.redis_place
    try:
        yield
    except redis.AuthenticationError as error:
        raise RedisUnavailableError(
            f"Redis at {place} refuses the user or password in ARBTUNE_REDIS_URL ({error})"
        ) from error
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise RedisUnavailableError(_why_unreachable(error, place)) from error
    except redis.RedisError as error:
        raise RedisUnavailableError(f"Redis at {place} refused a command: {error}") from error


def _why_unreachable(error: Exception, place: str) -> str:
    told = f"{error} {error.__context__}"
    if "CERTIFICATE_VERIFY_FAILED" in told:
        return (
            f"the certificate of Redis at {place} is not trusted: ARBTUNE_REDIS_URL must name "
            "the host as the certificate does, and its authority's file (?ssl_ca_certs=FILE)"
        )
    if "NO_CERTIFICATE_OR_CRL_FOUND" in told or "PEM lib" in told:
        return (
            f"the TLS files that ARBTUNE_REDIS_URL names for {place} are not all certificates and "
            "keys in PEM: look at ssl_ca_certs, ssl_certfile and ssl_keyfile"
        )
    if "handshake operation timed out" in told or "WRONG_VERSION_NUMBER" in told:
        return (
            f"Redis at {place} does not answer in TLS: for a port without TLS ARBTUNE_REDIS_URL "
            "must start with redis://"
        )
    hung_up = "closed by server" in told or "reset by peer" in told
    if hung_up and place.startswith("redis://"):
        return (
            f"Redis at {place} closes the connection without an answer: for a port with TLS "
            "ARBTUNE_REDIS_URL must start with rediss://"
        )
    return f"Redis at {place} cannot be reached: check ARBTUNE_REDIS_URL and that the server runs"
