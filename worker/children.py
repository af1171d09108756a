"""The processes of this worker that run its jobs, and how they are ended at once."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from billiard import active_children

# The jobs whose children were ended before their leases were, until they are given back; a process
# is one worker.
given_up: set[str] = set()


def kill_children() -> None:
    """End all of them, whatever they are doing."""
    for child in active_children():
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
