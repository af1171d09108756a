"""Files that are written whole or not at all: under another name first, then renamed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from arbitrage.documents.leftovers import remove_leftovers

if TYPE_CHECKING:
    from pathlib import Path

UNFINISHED = ".arbtune-*.tmp"
"""The names that a process which died may have left."""


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
    remove_leftovers(target.parent, UNFINISHED)
    with whole_file(target) as temporary:
        temporary.write_text(text, encoding="utf-8")
