"""What is tried again, what is the user's to mend, and what errors are called: a row a test."""

from __future__ import annotations

import errno

import pytest

from arbitrage.errors import (
    ConfigError,
    DataError,
    TuningJobError,
    is_out_of_memory,
    is_retryable,
    is_user_error,
    type_name,
)


def wrapped(cause: BaseException) -> TuningJobError:
    error = TuningJobError(cause)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "name", ["EIO", "ESTALE", "ETIMEDOUT", "EAGAIN", "EBUSY", "EMFILE", "ENFILE", "ENOSPC"]
)
def test_what_may_pass_by_itself_is_tried_again(name: str) -> None:
    error = OSError(getattr(errno, name), "x")
    assert is_retryable(error)
    assert is_retryable(wrapped(error))
    assert not is_user_error(error)


@pytest.mark.parametrize("error", [ConnectionError(), ConnectionResetError(), TimeoutError()])
def test_lost_connections_are_tried_again(error: BaseException) -> None:
    assert is_retryable(error)


@pytest.mark.parametrize(
    "error",
    [
        ConfigError("x"),
        DataError("x"),
        FileNotFoundError("x"),
        PermissionError(errno.EACCES, "x"),
        IsADirectoryError(errno.EISDIR, "x"),
        MemoryError(),
        ZeroDivisionError(),
        ValueError("x"),
    ],
)
def test_the_rest_fails_at_once(error: BaseException) -> None:
    assert not is_retryable(error)
    assert not is_retryable(wrapped(error))


@pytest.mark.parametrize(
    ("error", "name", "users"),
    [
        (ConfigError("x"), "ValueError", True),
        (DataError("x"), "ValueError", True),
        (FileNotFoundError("x"), "FileNotFoundError", True),
        (ValueError("a bug"), "ValueError", False),
        (MemoryError(), "MemoryError", False),
        (OSError(errno.EIO, "x"), "OSError", False),
    ],
)
def test_errors_have_a_name_and_somebody_who_mends_them(
    error: BaseException, name: str, users: bool
) -> None:
    for form in (error, wrapped(error)):
        assert type_name(form) == name
        assert is_user_error(form) is users


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, "Cannot allocate memory")])
def test_a_job_that_gets_no_more_memory_is_known_by_either_error(error: BaseException) -> None:
    assert is_out_of_memory(error)
    assert is_out_of_memory(wrapped(error))
    assert not is_out_of_memory(wrapped(OSError(errno.EIO, "x")))


def test_a_failed_job_says_so_and_why() -> None:
    assert str(TuningJobError(DataError("Invalid row 3"))) == "Tuning job failed: Invalid row 3"
    assert isinstance(TuningJobError(DataError("x")), RuntimeError)
