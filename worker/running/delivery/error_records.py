"""What Celery hands over when a job has failed, as an error of our own tree and as its record.

What becomes of the job then stands in the table of `arbitrage.errors`.
"""

from __future__ import annotations

import re

from celery.exceptions import TimeLimitExceeded, WorkerLostError
from kombu.exceptions import DecodeError
from redis import RedisError

from arbitrage.documents.result import ErrorRecord, error_record, sentence
from arbitrage.errors import ConfigError, LedgerAwayError, ProcessLostError, TimeLimitError
from worker.running.jobs.job import JobFailedError


def failure_record(error: BaseException, attempts: int, limit_s: float) -> ErrorRecord:
    """The error record of whatever ended a job; `limit_s` is the worker's own time limit."""
    if isinstance(error, JobFailedError):  # it was made where the job ran
        return {**error.record, "attempts": attempts}
    return error_record(_translated(error, limit_s), attempts=attempts)


def _translated(error: BaseException, limit_s: float) -> BaseException:
    if isinstance(error, WorkerLostError):
        return ProcessLostError(f"the process that ran the job died{_how(error)}")
    if isinstance(error, RedisError):
        away = LedgerAwayError(f"the ledger could not be reached: {sentence(error)}")
        away.__cause__ = error
        return away
    if isinstance(error, DecodeError):
        return ConfigError(f"the message of the job cannot be read: {sentence(error)}")
    if isinstance(error, TimeLimitExceeded):
        ran_s = error.args[0]
        whose = "its message's own time limit" if ran_s < limit_s else "ARBTUNE_JOB_TIME_LIMIT_S"
        return TimeLimitError(f"the job ran longer than {ran_s:g} s ({whose})")
    return error


def _how(lost: WorkerLostError) -> str:
    """The signal or the exit code of a dead child, which billiard knows as text only."""
    found = re.search(r"signal \d+( \(\w+\))?|exitcode \d+", str(lost))
    if not found:
        return ""
    # So ends polars when it gets no more memory.
    aborted = ", as a library does that is out of memory (ARBTUNE_JOB_MEMORY_BYTES)"
    return f": {found[0]}{aborted if 'SIGABRT' in found[0] else ''}"
