"""The name of this worker: of the main process and of all its children, and of no other."""

from __future__ import annotations

import os
import socket
import uuid
from functools import cache


@cache
def worker_id() -> str:
    """`HOST/PID/RANDOM`, made once in the main process and inherited by its children."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
