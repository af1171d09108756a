"""What a child of the pool loads before its first job.

Not in the parent: polars starts threads when it is imported, and threads do not survive a fork.
"""

from __future__ import annotations

import importlib
from typing import Any


def prepare_child(**_: Any) -> None:
    """Load what reads data files, so that the first job is as quick as the next."""
    importlib.import_module("arbitrage.snapshots")
