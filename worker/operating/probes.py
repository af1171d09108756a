"""What a probe looks at: two files in `ARBTUNE_PROBE_DIR`, and how long ago they were touched.

`alive` is touched while the main process gets on with its work, and while it waits for a Redis
that is away, which no restart would mend. It grows old when the process hangs, and when jobs wait
that it could run and does not take. `ready` is touched while it takes jobs. A worker that is told
to stop removes `ready`, and `alive` when it has.

A probe starts no interpreter: `test -n "$(find FILE -mmin -2)"`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from worker.settings import Settings

ALIVE = "alive"
READY = "ready"

# Long enough for a rush of other workers on a short queue, and for a server that pauses.
STALLED_AFTER_S = 10.0

log = logging.getLogger("arbtune.worker")


class ProbeFiles:
    """The two files; without a folder for them nothing is touched."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.probe_dir

    def reset(self) -> None:
        """Start as alive and not ready, whatever an earlier worker has left."""
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / READY).unlink(missing_ok=True)
        self.touch_alive()

    def remove(self, *names: str) -> None:
        """Remove the files, so that probes see the end at once."""
        if self._folder is None:
            return
        for name in names:
            with suppress(OSError):  # it grows old by itself
                (self._folder / name).unlink()

    def touch_alive(self) -> None:
        self._touch(ALIVE)

    def touch_ready(self) -> None:
        self._touch(READY)

    def _touch(self, name: str) -> None:
        if self._folder is None:
            return
        file: Path = self._folder / name
        try:
            file.touch()
        except OSError as error:  # a full disk must not end the worker; its probe will
            log.warning("probe.not_touched", extra={"file": str(file), "error": error.strerror})


class StallWatch:
    """Tells a worker that has nothing to do from one that is stuck."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._received = -1
        self._moved_at = clock()

    def is_stalled(self, *, waiting: int, free: int, received: int) -> bool:
        """Whether messages have been waiting for long, slots were free, and none was received.

        Args:
            waiting: Messages in this worker's queues now.
            free: Its processes that run nothing now.
            received: Messages that it has received since its start.
        """
        if not waiting or free < 1 or received != self._received:
            self._received, self._moved_at = received, self._clock()
        return self._clock() - self._moved_at >= STALLED_AFTER_S
