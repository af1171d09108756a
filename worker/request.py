"""One delivery of a job, as the main process of a worker sees it."""

from __future__ import annotations

from typing import Any

from celery.exceptions import WorkerLostError
from celery.worker.request import Request
from celery.worker.state import task_ready


class JobRequest(Request):
    """A delivery whose child may be ended because its lease cannot be renewed."""

    is_given_up = False
    time_limits: Any

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.time_limits = _bounded_limits(self.time_limits, self.task.time_limit)

    def on_failure(self, exc_info: Any, *args: Any, **options: Any) -> Any:
        """Record what ended the attempt, unless it was this very worker that did."""
        error = getattr(exc_info.exception, "exc", exc_info.exception)  # billiard wraps it
        if self.is_given_up and isinstance(error, WorkerLostError):
            return task_ready(self)
        return super().on_failure(exc_info, *args, **options)


def _bounded_limits(asked: Any, limit_s: float) -> tuple[float, float | None]:
    """The hard and the soft limit; a message may ask for less than our limit, not for more."""
    match asked:
        case [hard, soft]:
            return min(_seconds(hard) or limit_s, limit_s), _seconds(soft)
        case _:
            return limit_s, None


def _seconds(asked: Any) -> float | None:
    return asked if isinstance(asked, (int, float)) and asked > 0 else None
