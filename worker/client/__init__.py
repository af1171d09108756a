"""Outside a worker: sending, waiting, answers, and a server of its own for one command.

For programs: `from worker.client import Client`, or `AsyncClient`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from worker.client.async_client import AsyncClient
    from worker.client.client import Client

__all__ = ["AsyncClient", "Client"]


# Imported when they are asked for: what else stands in this room does without polars.
_MODULES = {"AsyncClient": "worker.client.async_client", "Client": "worker.client.client"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
