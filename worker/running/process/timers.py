"""The timers of a worker's main process, of which Celery sets one for each job: its time limit."""

from __future__ import annotations

import heapq
from typing import Any


def drop_cancelled(timer: Any) -> None:
    """Forget the time limits of jobs that have ended.

    kombu marks a cancelled timer and keeps it until its time comes, which is some hundred bytes for
    each job of the last `ARBTUNE_JOB_TIME_LIMIT_S`.
    """
    heap = timer._queue  # noqa: SLF001 - there is no other way in
    kept = [scheduled for scheduled in heap if not scheduled.entry.canceled]
    if len(kept) < len(heap):
        heap[:] = kept  # in place: the event loop goes through this very list
        heapq.heapify(heap)
