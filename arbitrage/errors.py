"""Every error that arbtune raises on purpose, in one tree.

The tree answers three questions, each in one place: what does the user read (the message: one
sentence), what does a program read (`type_name`), and may the same job pass if it is tried again
(`is_retryable`).
"""

from __future__ import annotations

import errno

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


class ConfigError(ArbtuneError, ValueError):
    """The configuration of a job, a sweep or the program itself is wrong."""


class DataError(ArbtuneError, ValueError):
    """A data file cannot be used; the message names the file, and the line where there is one."""


class DataChanged(ArbtuneError):  # noqa: N818 - the name that error documents carry
    """A data file is not the one that a sweep was started on."""


class TuningJobError(ArbtuneError, RuntimeError):
    """A tuning job failed; `__cause__` is the error that ended it."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(f"Tuning job failed: {cause}")


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
    return "ValueError" if isinstance(cause, (ConfigError, DataError)) else type(cause).__name__


def is_user_error(error: BaseException) -> bool:
    """Whether the configuration or the data is at fault, and not the program or the machine."""
    return isinstance(cause_of(error), (ArbtuneError, FileNotFoundError))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the job needed more memory than it got; the kernel's refusals are `OSError`."""
    cause = cause_of(error)
    refused = isinstance(cause, OSError) and cause.errno == errno.ENOMEM
    return refused or isinstance(cause, MemoryError)


def is_retryable(error: BaseException) -> bool:
    """Whether the same job may pass when it is tried again."""
    cause = cause_of(error)
    if isinstance(cause, (ConnectionError, TimeoutError)):
        return True
    return isinstance(cause, OSError) and cause.errno in RETRYABLE_ERRNOS
