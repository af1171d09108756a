"""Where prepared files and compiled kernels are kept between processes.

Code is loaded from there, and figures come from what lies there. So a folder is used only when it
is a real one, belongs to this user or to root, and nobody else may write to it. Without one nothing
is kept, and one line says why.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from arbitrage.shell.console import say

CACHE_LOG = "arbtune.cache"
log = logging.getLogger(CACHE_LOG)

_OURS_ALONE = 0o700
_ROOT = 0


def cache_folder() -> Path:
    """`ARBTUNE_CACHE_DIR`, else `arbtune` in the user's cache folder; it need not exist."""
    chosen = os.environ.get("ARBTUNE_CACHE_DIR")
    if chosen:
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):  # noqa: PTH117 - one that is not is to be ignored, says its standard
        return Path(base) / "arbtune"
    try:
        return Path.home().absolute() / ".cache" / "arbtune"
    except RuntimeError:  # a user without a home
        return Path(tempfile.gettempdir()) / f"arbtune-{os.getuid()}"


def own_folder(*names: str) -> Path | None:
    """A folder inside the cache folder, made where it is not there yet.

    None when it cannot be made, or when it or one above it inside the cache is not ours alone; a
    warning says so.
    """
    folder = cache_folder()
    try:
        _make_and_check(folder)
        for name in names:
            folder = folder / name
            _make_and_check(folder)
    except OSError as error:
        warn_unwritable(error)
        return None
    except _NotOurs as error:
        _warn(f"the cache folder {folder} is not used, because {error}")
        return None
    return folder


def shipped_folder() -> Path:
    """Where an installation may bring a cache of its own, made when it was built."""
    return Path(sys.prefix) / "share" / "arbtune"


def warn_unwritable(error: OSError) -> None:
    """Say once a process that nothing can be kept, and why."""
    _warn(f"cannot write to the cache folder {cache_folder()}: {error.strerror or error}")


class _NotOurs(Exception):  # noqa: N818 - never leaves this file
    """Another user may have put there what we would load."""


def _make_and_check(folder: Path) -> None:
    with suppress(FileExistsError):
        folder.mkdir(_OURS_ALONE, parents=True)
    status = folder.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise _NotOurs("it is a link")
    if not stat.S_ISDIR(status.st_mode):
        raise _NotOurs("it is not a folder")
    if status.st_uid not in (os.geteuid(), _ROOT):
        raise _NotOurs("it belongs to another user")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _NotOurs("other users may write to it: remove it, and a new one is made")


@cache
def _warn(sentence: str) -> None:
    log_or_print(f"{sentence}; ARBTUNE_CACHE_DIR can name another, of your own")


def log_or_print(sentence: str) -> None:
    """Write one line: to the log if the program has one, otherwise to stderr."""
    if log.hasHandlers():
        log.warning(sentence)
    else:
        say(sentence)
