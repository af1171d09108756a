"""What is tried again, what is the user's to mend, and what errors are called: a row a test."""

from __future__ import annotations

import errno
from typing import NamedTuple

import pytest

from arbitrage.errors import (
    OF_ONE_CONFIG,
    RULES,
    ArbtuneError,
    ConfigError,
    DataChanged,
    DataError,
    LedgerAwayError,
    OutOfMemoryError,
    ProcessLostError,
    TimeLimitError,
    TuningJobError,
    is_out_of_memory,
    is_retryable,
    is_user_error,
    rule_of,
    type_name,
)


def wrapped(cause: BaseException) -> TuningJobError:
    error = TuningJobError(cause)
    error.__cause__ = cause
    return error


def away(cause: BaseException) -> LedgerAwayError:
    error = LedgerAwayError("the ledger could not be reached")
    error.__cause__ = cause
    return error


class Row(NamedTuple):
    """What the table says of an error, in words: its `ends`."""

    error: BaseException
    name: str
    ends: str


# `retried`: tried again, and a dead letter when that was in vain; `user's` and `program's`: fails
# at once, by whom it is to be mended; `halved`: of a chunk the client looks for the one config.
TABLE = [
    Row(ConfigError("x"), "ValueError", "user's"),
    Row(DataError("x"), "ValueError", "user's"),
    Row(DataChanged("x"), "DataChanged", "user's"),
    Row(ArbtuneError("x"), "ArbtuneError", "user's"),
    Row(FileNotFoundError("x"), "FileNotFoundError", "user's"),
    Row(ProcessLostError("x"), "WorkerLostError", "retried, halved"),
    Row(TimeLimitError("x"), "TimeLimitExceeded", "halved"),
    Row(OutOfMemoryError("x"), "MemoryError", "halved"),
    Row(away(EOFError("x")), "EOFError", "retried"),
    Row(ConnectionError(), "ConnectionError", "retried"),
    Row(ConnectionResetError(), "ConnectionResetError", "retried"),
    Row(TimeoutError(), "TimeoutError", "retried"),
    Row(OSError(errno.EIO, "x"), "OSError", "retried"),
    Row(OSError(errno.ESTALE, "x"), "OSError", "retried"),
    Row(OSError(errno.ETIMEDOUT, "x"), "TimeoutError", "retried"),
    Row(OSError(errno.EAGAIN, "x"), "BlockingIOError", "retried"),
    Row(OSError(errno.EBUSY, "x"), "OSError", "retried"),
    Row(OSError(errno.EMFILE, "x"), "OSError", "retried"),
    Row(OSError(errno.ENFILE, "x"), "OSError", "retried"),
    Row(OSError(errno.ENOSPC, "x"), "OSError", "retried"),
    Row(OSError(errno.EACCES, "x"), "PermissionError", "program's"),
    Row(OSError(errno.EISDIR, "x"), "IsADirectoryError", "program's"),
    Row(OSError(errno.ENOMEM, "x"), "OSError", "program's"),
    Row(OSError("x"), "OSError", "program's"),
    Row(MemoryError(), "MemoryError", "program's"),
    Row(ZeroDivisionError(), "ZeroDivisionError", "program's"),
    Row(ValueError("a bug"), "ValueError", "program's"),
    Row(SystemExit(1), "SystemExit", "program's"),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: repr(row.error))
def test_what_becomes_of_a_job_that_an_error_ended(row: Row) -> None:
    for form in (row.error, wrapped(row.error)):
        assert type_name(form) == row.name
        assert is_retryable(form) == ("retried" in row.ends)
        assert is_user_error(form) == (row.ends == "user's")
        assert rule_of(form).is_of_one_config == ("halved" in row.ends)


def test_every_row_of_the_table_is_tried() -> None:
    assert {rule_of(row.error) for row in TABLE} == set(RULES)
    assert {row.name for row in TABLE if "halved" in row.ends} == OF_ONE_CONFIG


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, "Cannot allocate memory")])
def test_a_job_that_gets_no_more_memory_is_known_by_either_error(error: BaseException) -> None:
    assert is_out_of_memory(error)
    assert is_out_of_memory(wrapped(error))
    assert not is_out_of_memory(wrapped(OSError(errno.EIO, "x")))


def test_a_failed_job_says_so_and_why() -> None:
    assert str(TuningJobError(DataError("Invalid row 3"))) == "Tuning job failed: Invalid row 3"
    assert isinstance(TuningJobError(DataError("x")), RuntimeError)
