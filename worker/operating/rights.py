"""Checks once, before a worker starts, whether Redis gives it the rights that it needs.

A server that is away is waited for, by the worker itself. A refusal does not pass by itself: the
worker would try again for ever, and nobody would look into its log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import redis

from worker.ledger.connection import redis_errors_in_a_sentence
from worker.ledger.envelope import CHUNKS, JOBS
from worker.ledger.ledger import Ledger
from worker.ledger.redis_client import connect

if TYPE_CHECKING:
    from worker.settings import Settings

PATIENCE_S = 2.0
_MOMENT_S = 0.01  # for an answer that is known: 0 would be for ever

_BINDING = f"_kombu.binding.{JOBS.queue}"

# A key of each kind that Celery needs beside the ledger's own, and the channel of its commands.
_KEYS = (
    JOBS.queue,
    CHUNKS.queue,
    "unacked",
    _BINDING,
    "worker.celery.pidbox",
)
_CHANNEL = "/{}.celery.pidbox"

_REFUSALS = (
    redis.AuthenticationError,
    redis.exceptions.AuthenticationWrongNumberOfArgsError,
    redis.exceptions.NoPermissionError,
)


def check_rights(settings: Settings) -> None:
    """Use each right once, in a way that changes nothing.

    Raises:
        RedisUnavailableError: The server refuses the user, the password, or a command.
    """
    client = connect(settings, tries=0, patience_s=PATIENCE_S)
    with redis_errors_in_a_sentence(settings):
        try:
            _try_rights(client, settings)
        except redis.RedisError as error:
            if is_refusal(error):
                raise


def _try_rights(client: redis.Redis, settings: Settings) -> None:
    Ledger(client, result_ttl_s=settings.result_ttl_s, lease_s=settings.lease_s).check_rights()
    client.ping()
    client.exists(*_KEYS)
    _try_to_take(client)
    database = client.get_connection_kwargs().get("db", 0)
    with client.pubsub() as channel:
        channel.subscribe(_CHANNEL.format(database))
        channel.get_message(timeout=PATIENCE_S)


def _try_to_take(client: redis.Redis) -> None:
    """Ask for a message as Celery does, from a key that is a set wherever it is there.

    A list would give one away. Of a set a server says that it is none, once the right is there.
    """
    try:
        client.brpop([_BINDING], timeout=_MOMENT_S)
    except redis.ResponseError as error:
        if is_refusal(error):
            raise


def is_refusal(error: redis.RedisError) -> bool:
    """Whether the server refuses this user, or refuses it a right."""
    return isinstance(error, _REFUSALS) or str(error).startswith("ACL failure in script")
