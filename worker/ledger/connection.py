"""The ledger on the configured server, for commands and workers.

What `redis_client` has (the driver, the sentence for each way in which the server can be away) is
imported when there is something to ask: a help, a wrong flag or a completion does without.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

from arbitrage.errors import ArbtuneError
from worker.ledger.ledger import Ledger
from worker.ledger.patience import REPLY_TIMEOUT_S, TRIES_OF_A_PERSON, TRIES_OF_A_WORKER

if TYPE_CHECKING:
    from worker.settings import Settings


class RedisUnavailableError(ArbtuneError):
    """Redis cannot be reached, or refuses us.

    Attributes:
        job_ids: Of jobs that were to be sent, those that were.
    """

    job_ids: tuple[str, ...] = ()


def open_ledger(
    settings: Settings,
    *,
    tries: int = TRIES_OF_A_PERSON,
    patience_s: float = REPLY_TIMEOUT_S,
    kind: type[Ledger] = Ledger,
) -> Ledger:
    """The ledger on the configured server; `tries` and `patience_s` as for `connect`."""
    return kind(
        _redis_client().connect(settings, tries=tries, patience_s=patience_s),
        result_ttl_s=settings.result_ttl_s,
        lease_s=settings.lease_s,
    )


def open_patient_ledger(settings: Settings) -> Ledger:
    """A ledger that outlasts a restart of the server, once the server could be reached at all."""
    open_ledger(settings).ping()
    return open_ledger(settings, tries=TRIES_OF_A_WORKER)


@contextmanager
def redis_errors_in_a_sentence(settings: Settings) -> Iterator[None]:
    """Turn the driver's errors into one sentence that names the server and what to check."""
    try:
        yield
    except Exception as error:
        client = _redis_client()
        if not isinstance(error, client.RedisError):
            raise
        raise RedisUnavailableError(client.why_away(error, settings.redis_place)) from error


def _redis_client() -> ModuleType:
    from worker.ledger import redis_client  # the driver takes half of a command's start

    return redis_client
