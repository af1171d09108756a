"""How long whoever asks the server waits for it, and how often it tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from worker.settings import Settings

CONNECT_TIMEOUT_S = 5.0
REPLY_TIMEOUT_S = 30.0  # a server that rewrites its append-only file may pause for seconds

# Tries of one command before its error is believed: about 3 s for somebody at a terminal, about
# 30 s for whoever waits for what goes on without them while the server restarts.
TRIES_OF_A_PERSON = 5
TRIES_OF_A_WORKER = 20


def worker_patience_s(settings: Settings) -> float:
    """How long a worker waits for an answer: several that do not come fit into a lease."""
    return min(max(1.0, settings.lease_s / 5), REPLY_TIMEOUT_S)
