"""One delivery of a job and its time limit, as the main process of a worker sees it.

A message may ask for a shorter time limit than the setting's; our own messages ask for none
(`timelimit` in `worker/ledger/envelope.py`), since a config has no field for it: to add one, begin
in `arbitrage/documents/config.py`.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from billiard.common import human_status
from billiard.einfo import ExceptionInfo
from celery.exceptions import TimeLimitExceeded, WorkerLostError
from celery.worker.request import Request
from celery.worker.state import task_ready

from worker.running.process.state import this_worker


class JobRequest(Request):
    """A delivery whose child may be ended because its lease cannot be renewed, or by a cancel."""

    is_given_up = False
    _is_stopped = False
    time_limits: Any

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.time_limits = _bounded_limits(self.time_limits, self.task.time_limit)

    def stop(self, pool: Any) -> None:
        """End the child of a job that was cancelled in the ledger."""
        self._is_stopped = True
        self.terminate(pool)

    def terminate(self, pool: Any, signal: Any = None) -> None:  # noqa: ARG002 - Celery's signature
        """End the child, whatever signal a remote command names: it may ignore all others."""
        super().terminate(pool, signal="KILL")

    @property
    def store_errors(self) -> bool:
        """Whether Celery has anything to record: not of what the ledger knows from before.

        Under this id there may be the next generation already, which nobody has cancelled. That
        the sender ignores results is nothing to the ledger.
        """
        return not self._is_stopped

    def on_failure(self, exc_info: Any, *args: Any, **options: Any) -> Any:
        """Record what ended the attempt, unless this worker ended it."""
        error = getattr(exc_info.exception, "exc", exc_info.exception)  # billiard wraps it
        if self.is_given_up and isinstance(error, (TimeLimitExceeded, WorkerLostError)):
            return task_ready(self)
        if isinstance(error, TimeLimitExceeded) and (how := _how_it_exited(self.worker_pid)):
            exc_info = _worker_lost(how)
        record = partial(super().on_failure, exc_info, *args, **options)
        return this_worker().record_or_hold(self.id, record)

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """Leave the record of a time limit to `on_failure`, which Celery calls before."""
        if soft:
            super().on_timeout(soft, timeout)


def _bounded_limits(asked: Any, limit_s: float) -> tuple[float, float | None]:
    """The hard and the soft limit; a message may ask for less than our limit, not for more.

    A soft limit that comes no sooner is none: Celery would set the hard one after it.
    """
    match asked:
        case [hard, soft]:
            hard_s = min(_seconds(hard) or limit_s, limit_s)
            soft_s = _seconds(soft)
            return hard_s, soft_s if soft_s and soft_s < hard_s else None
        case _:
            return limit_s, None


def _seconds(asked: Any) -> float | None:
    return asked if isinstance(asked, (int, float)) and asked > 0 else None


def _how_it_exited(pid: int) -> str | None:
    """How a child ended whose status nobody has collected yet; None while it runs.

    The event loop stands still while Celery looks for a lost broker, and may hear of a death only
    when it looks at its pool, every 5 s: the time limit can come before the news.
    """
    try:
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return "it is gone"
    if ended is None:
        return None
    exited = ended.si_code == os.CLD_EXITED
    return str(human_status(ended.si_status if exited else -ended.si_status))


def _worker_lost(how: str) -> ExceptionInfo:
    try:
        raise WorkerLostError(how)  # noqa: TRY301 - the record wants a traceback
    except WorkerLostError:
        return ExceptionInfo()
