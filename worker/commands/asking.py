"""The ledger of a command that only asks: somebody waits for its start."""

from __future__ import annotations

from worker.commands.driver import import_redis_alone
from worker.ledger.connection import open_ledger
from worker.ledger.ledger import Ledger
from worker.ledger.patience import REPLY_TIMEOUT_S, TRIES_OF_A_PERSON
from worker.settings import Settings


def asked_ledger(
    settings: Settings, *, tries: int = TRIES_OF_A_PERSON, patience_s: float = REPLY_TIMEOUT_S
) -> Ledger:
    """The ledger on the configured server, without what takes long to import."""
    import_redis_alone()
    return open_ledger(settings, tries=tries, patience_s=patience_s)
