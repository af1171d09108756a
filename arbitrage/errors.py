"""Every error that arbtune raises on purpose, in one tree, and what becomes of jobs that meet one.

What a user reads is the message, one sentence; what a program reads is `type_name`. The table below
answers the rest for any error, of this tree or not: whose it is to mend, and whether the same job
is tried again. How often is `max_attempts` of `worker/settings.py`, which `_requeue` in
`worker/running/delivery/result_backend.py` asks.
Errors of other libraries that end a job (Celery's, of Redis) come here translated.
"""

from __future__ import annotations

import errno
from typing import ClassVar, NamedTuple

# What may pass by itself: a network file system that hiccups, a host short of descriptors or disk.
RETRYABLE_ERRNOS = frozenset(
    {
        errno.EIO,
        errno.ESTALE,
        errno.ETIMEDOUT,
        errno.EAGAIN,
        errno.EBUSY,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOSPC,
    }
)


class ArbtuneError(Exception):
    """Root of the tree: something the user can understand and mend."""

    type_name: ClassVar[str] = ""  # `error.type` of a document, where it is not the class's name


class ConfigError(ArbtuneError, ValueError):
    """The configuration of a job, a sweep or the program itself is wrong."""

    type_name = "ValueError"


class UnknownSweepError(ConfigError):
    """No sweep is called so."""


class DataError(ArbtuneError, ValueError):
    """A data file cannot be used; the message names the file, and the line where there is one."""

    type_name = "ValueError"


class DataChanged(ArbtuneError):  # noqa: N818 - the name that error documents carry
    """A data file is not the one that a sweep was started on."""


class OutOfMemoryError(ArbtuneError):
    """A job needed more memory than it may have; it would need as much the next time."""

    type_name = "MemoryError"


class ProcessLostError(ArbtuneError):
    """The process that ran a job died, or the whole worker."""

    type_name = "WorkerLostError"


class TimeLimitError(ArbtuneError):
    """A job ran longer than it may."""

    type_name = "TimeLimitExceeded"


class LedgerAwayError(ArbtuneError):
    """The ledger could not be reached, which is not the job's fault; its cause gives the name."""


class TuningJobError(ArbtuneError, RuntimeError):
    """A tuning job failed; `__cause__` is the error that ended it."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(f"Tuning job failed: {cause}")


class Rule(NamedTuple):
    """What becomes of a job that an error of one kind ended."""

    kind: type[BaseException]
    errnos: frozenset[int] | None = None
    """Of an `OSError`: the numbers that the row is about; None for all."""
    is_users: bool = False
    """The configuration or the data is at fault, and not the program or the machine."""
    is_retryable: bool = False
    """The same job may pass: it is tried again, and a dead letter once its tries are used up."""
    is_of_one_config: bool = False
    """One config may do it to its process: of a chunk the client looks for that one by halving,
    and the chunk itself is neither tried again nor a dead letter."""


RULES = (
    Rule(ProcessLostError, is_retryable=True, is_of_one_config=True),
    Rule(TimeLimitError, is_of_one_config=True),
    Rule(OutOfMemoryError, is_of_one_config=True),
    Rule(LedgerAwayError, is_retryable=True),
    Rule(ArbtuneError, is_users=True),
    Rule(FileNotFoundError, is_users=True),
    Rule(ConnectionError, is_retryable=True),
    Rule(TimeoutError, is_retryable=True),
    Rule(OSError, errnos=RETRYABLE_ERRNOS, is_retryable=True),
    Rule(BaseException),
)
"""The table: of the rows that fit an error, the first one holds."""


def rule_of(error: BaseException) -> Rule:
    """The row of the table that holds for an error."""
    cause = cause_of(error)
    return next(
        rule
        for rule in RULES
        if isinstance(cause, rule.kind)
        and (rule.errnos is None or getattr(cause, "errno", None) in rule.errnos)
    )


def cause_of(error: BaseException) -> BaseException:
    """The error that ended a job, without the `TuningJobError` around it."""
    if isinstance(error, TuningJobError) and error.__cause__ is not None:
        return error.__cause__
    return error


def type_name(error: BaseException) -> str:
    """`error.type` of a result document: the class a program would catch.

    Configuration and data errors are `ValueError` to the outside, whatever their class in here.
    """
    cause = cause_of(error)
    if isinstance(cause, LedgerAwayError) and cause.__cause__ is not None:
        return type(cause.__cause__).__name__
    return _name_of(type(cause))


def _name_of(kind: type[BaseException]) -> str:
    return getattr(kind, "type_name", "") or kind.__name__


OF_ONE_CONFIG = frozenset(_name_of(rule.kind) for rule in RULES if rule.is_of_one_config)
"""`error.type` of what one config may have done to its chunk."""


def is_user_error(error: BaseException) -> bool:
    """Whether the configuration or the data is at fault, and not the program or the machine."""
    return rule_of(error).is_users


def is_retryable(error: BaseException) -> bool:
    """Whether the same job may pass when it is tried again."""
    return rule_of(error).is_retryable


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the job needed more memory than it got; the kernel's refusals are `OSError`."""
    cause = cause_of(error)
    refused = isinstance(cause, OSError) and cause.errno == errno.ENOMEM
    return refused or isinstance(cause, MemoryError)
