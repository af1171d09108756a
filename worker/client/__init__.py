"""Outside a worker: sending, waiting, answers, and a server of its own for one command.

For programs: `from worker.client import Client`, or `AsyncClient`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from worker.client.async_client import AsyncClient
    from worker.client.client import Client

__all__ = ["AsyncClient", "Client"]


def __getattr__(name: str) -> Any:
    """Import a client when it is asked for: what else stands in this room needs less."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from worker.client import async_client  # polars, which commands that only ask do without

    return getattr(async_client, name)
