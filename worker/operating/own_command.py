"""How this program starts itself, for what runs in a process of its own."""

from __future__ import annotations

import sys


def own_command(*arguments: str) -> list[str]:
    """The command line of `arbtune ARGUMENTS`, under this very interpreter.

    `-P`: `python -m` would import from the current folder first, where a `worker.py` or a `json.py`
    of the user's own may lie.
    """
    return [sys.executable, "-P", "-m", "worker.cli", *arguments]
