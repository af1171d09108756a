"""Where prepared files and compiled kernels are kept between processes."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from functools import cache
from pathlib import Path

log = logging.getLogger("arbtune.cache")


def cache_folder() -> Path:
    """`ARBTUNE_CACHE_DIR`, else `arbtune` in the user's cache folder; it need not exist."""
    chosen = os.environ.get("ARBTUNE_CACHE_DIR")
    if chosen:
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    if base:
        return Path(base) / "arbtune"
    try:
        return Path.home() / ".cache" / "arbtune"
    except RuntimeError:  # a user without a home
        return Path(tempfile.gettempdir()) / f"arbtune-{os.getuid()}"


def shipped_folder() -> Path:
    """Where an installation may bring a cache of its own, made when it was built."""
    return Path(sys.prefix) / "share" / "arbtune"


def warn_unwritable(error: OSError) -> None:
    """Say that nothing can be kept, and why: once a process, however often it is tried."""
    _warn(cache_folder(), error.strerror)


@cache
def _warn(folder: Path, reason: str) -> None:
    log.warning("cannot write to the cache folder %s: %s", folder, reason)
