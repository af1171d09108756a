"""Files that are written whole or not at all: under another name first, then renamed."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

UNFINISHED = ".arbtune-*.tmp"
"""The names of files whose writer has not renamed them yet, or was killed before it could."""

ABANDONED_AFTER_S = 3_600.0  # the writer of a younger one may be alive


@contextmanager
def whole_file(target: Path, folder: Path | None = None) -> Iterator[Path]:
    """The file to write to; it takes the target's place when all went well.

    It stands in the folder of the target, or in another one of the same file system.
    """
    temporary = (folder or target.parent) / UNFINISHED.replace("*", uuid.uuid4().hex)
    try:
        yield temporary
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_whole(path: Path, text: str) -> None:
    """Write a text file whole or not at all; the folders above it are created.

    Raises:
        OSError: It cannot be written there.
    """
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")  # a pipe or /dev/stdout cannot be replaced
        return
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_unfinished(target.parent, UNFINISHED)
    with whole_file(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def remove_unfinished(folder: Path, pattern: str) -> None:
    """Remove files and folders that a writer which was killed has left under such a name."""
    for path in folder.glob(pattern):
        with suppress(OSError):  # another writer was first
            if time.time() - path.stat().st_mtime <= ABANDONED_AFTER_S:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
