"""Clients of the Redis driver, and the message for each way in which the server can be away."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any

import redis
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from worker.ledger.patience import CONNECT_TIMEOUT_S, REPLY_TIMEOUT_S, TRIES_OF_A_PERSON

if TYPE_CHECKING:
    from worker.settings import Sentinels, Settings


RedisError = redis.RedisError


class TlsConnection(redis.SSLConnection):
    """Limits the time of the TLS handshake, too: a port without TLS never answers it."""

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
    options: dict[str, Any] = {
        "socket_connect_timeout": min(CONNECT_TIMEOUT_S, patience_s),
        "socket_timeout": patience_s,
        "socket_keepalive": True,
        "retry": Retry(ExponentialWithJitterBackoff(base=0.1, cap=2.0), tries),
    }
    if settings.sentinels is not None:
        return _connect_by_name(settings.sentinels, options)
    with_tls = settings.redis_url.startswith("rediss://")
    connection_class = TlsConnection if with_tls else redis.Connection
    return redis.Redis.from_url(settings.redis_url, connection_class=connection_class, **options)


def _connect_by_name(sentinels: Sentinels, options: dict[str, Any]) -> redis.Redis:
    """A client of whichever server is the master when it connects."""
    asking = {**options, "socket_timeout": options["socket_connect_timeout"]}
    asking["retry"] = Retry(NoBackoff(), 0)  # there are others to ask
    client: redis.Redis = Sentinel(sentinels.hosts, sentinel_kwargs=asking).master_for(
        sentinels.master,
        db=sentinels.database,
        username=sentinels.username,
        password=sentinels.password,
        **options,
    )
    return client


def why_away(error: Exception, place: str) -> str:
    """What is wrong with the server, or with our way to it, and what to do."""
    match error:
        case redis.AuthenticationError():
            return f"Redis at {place} refuses the user or password in ARBTUNE_REDIS_URL ({error})"
        case redis.ReadOnlyError():
            return (
                f"Redis at {place} is a replica, which takes no jobs: ARBTUNE_REDIS_URL must name "
                "the master, or Sentinels (sentinel://)"
            )
        case redis.ResponseError():
            return f"Redis at {place} refused a command: {error}"
        case _:
            return _why_unreachable(error, place)


# What the driver's error says, in some form or other, and the sentence for it.
_CAUSES: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("No master found",),
        (
            "no Sentinel at {place} names a master: check ARBTUNE_REDIS_URL, the name behind "
            "master= too, and that Sentinels and servers run"
        ),
    ),
    (
        ("max number of clients",),
        "Redis at {place} has as many clients as it takes (maxclients): end some, or raise it",
    ),
    (
        ("certificate has expired", "certificate is not yet valid"),
        (
            "the certificate of Redis at {place} has expired or is not valid yet: renew it on the "
            "server, or look at this machine's clock"
        ),
    ),
    (
        ("CERTIFICATE_VERIFY_FAILED",),
        (
            "the certificate of Redis at {place} is not trusted: ARBTUNE_REDIS_URL must name "
            "the host as the certificate does, and its authority's file (?ssl_ca_certs=FILE)"
        ),
    ),
    (
        ("NO_CERTIFICATE_OR_CRL_FOUND", "PEM lib"),
        (
            "the TLS files that ARBTUNE_REDIS_URL names for {place} are not all certificates and "
            "keys in PEM: look at ssl_ca_certs, ssl_certfile and ssl_keyfile"
        ),
    ),
    (
        ("handshake operation timed out", "WRONG_VERSION_NUMBER"),
        (
            "Redis at {place} does not answer in TLS: for a port without TLS ARBTUNE_REDIS_URL "
            "must start with redis://"
        ),
    ),
)
_HUNG_UP = (
    ("closed by server", "reset by peer"),
    (
        "Redis at {place} closes the connection without an answer: it has as many clients as it "
        "takes (maxclients), or for a port with TLS ARBTUNE_REDIS_URL must start with rediss://"
    ),
)


def _why_unreachable(error: Exception, place: str) -> str:
    told = f"{error} {error.__context__}"
    causes = (*_CAUSES, _HUNG_UP) if place.startswith("redis://") else _CAUSES
    for marks, sentence in causes:
        if any(mark in told for mark in marks):
            return sentence.format(place=place)
    return (
        f"Redis at {place} cannot be reached: check ARBTUNE_REDIS_URL and that the server runs; "
        "with --local, enqueue, sweep and worker start a server of their own"
    )
