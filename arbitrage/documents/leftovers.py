"""What a writer that was killed leaves behind: the file that it had not renamed yet."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path

LEFTOVER_AFTER_S = 3_600.0  # a younger one may be of somebody who is alive


def remove_leftovers(folder: Path, pattern: str) -> None:
    """Remove files and folders of a writer's temporary names that nobody will finish."""
    for path in folder.glob(pattern):
        with suppress(OSError):  # another writer was first
            if time.time() - path.stat().st_mtime <= LEFTOVER_AFTER_S:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
