"""Corners of a worker's main process that its life under fire reaches by chance only."""

from __future__ import annotations

import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest
from billiard.einfo import ExceptionInfo
from celery.exceptions import TimeLimitExceeded, WorkerLostError
from celery.worker.request import Request

from worker.ledger.patience import REPLY_TIMEOUT_S
from worker.running.delivery.request import JobRequest, _bounded_limits
from worker.running.process.leases import Leases
from worker.running.process.shutdown import Shutdown
from worker.running.process.state import WorkerState
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.ledger.ledger import Ledger


def raised(error: Exception) -> ExceptionInfo:
    try:
        raise error
    except type(error):
        return ExceptionInfo()


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The failures that Celery would record."""
    seen: list[Any] = []
    monkeypatch.setattr(Request, "on_failure", lambda _, info: seen.append(info.exception.exc))
    return seen


def request_of(pid: int, *, is_given_up: bool = False) -> Any:
    request = JobRequest.__new__(JobRequest)
    request.id, request.worker_pid, request.is_given_up = "job", pid, is_given_up
    return request


@pytest.mark.parametrize("error", [WorkerLostError("killed"), TimeLimitExceeded(3)])
def test_the_end_of_a_child_that_was_given_up_is_not_a_failure_of_its_job(
    error: Exception, recorded: list[Any]
) -> None:
    request_of(os.getpid(), is_given_up=True).on_failure(raised(error))
    assert recorded == []
    request_of(os.getpid(), is_given_up=True).on_failure(raised(ValueError("its own")))
    assert [type(seen) for seen in recorded] == [ValueError]


@pytest.mark.parametrize(("number", "how"), [(9, "signal 9 (SIGKILL)"), (None, "exitcode 0")])
def test_a_child_that_died_before_its_time_limit_was_lost(
    number: int | None, how: str, recorded: list[Any]
) -> None:
    child = os.posix_spawn("/bin/sleep", ["sleep", "60" if number else "0"], {})
    try:
        if number:
            os.kill(child, number)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        request_of(child).on_failure(raised(TimeLimitExceeded(3)))
    finally:
        os.waitpid(child, 0)
    assert [(type(seen), str(seen)) for seen in recorded] == [(WorkerLostError, how)]


def test_a_child_that_runs_past_its_time_limit_ran_too_long(recorded: list[Any]) -> None:
    child = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
    try:
        request_of(child).on_failure(raised(TimeLimitExceeded(3)))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert [type(seen) for seen in recorded] == [TimeLimitExceeded]


@pytest.mark.parametrize(
    ("asked", "limits"),
    [
        (None, (300, None)),
        ([None, None], (300, None)),
        ([10, 5], (10, 5)),
        ([10, 1000], (10, None)),
        ([10**400, 10**400], (300, None)),
        ([None, 10**400], (300, None)),
        ([math.nan, math.nan], (300, None)),
        ([math.inf, math.inf], (300, None)),
        ([1000, None], (300, None)),
        ([-1, 0], (300, None)),
        (["soon", {}], (300, None)),
        ([1], (300, None)),
        (7, (300, None)),
    ],
)
def test_a_message_may_ask_for_less_time_and_for_nothing_else(asked: Any, limits: Any) -> None:
    assert _bounded_limits(asked, 300) == limits


@pytest.fixture
def own_alarm() -> Iterator[None]:
    """Signals as they were, and no alarm, when the test is over."""
    numbers = (signal.SIGALRM, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("own_alarm")
def test_no_alarm_is_left_for_a_worker_that_starts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARBTUNE_REDIS_URL", "redis://127.0.0.1:1/0")
    signal.setitimer(signal.ITIMER_REAL, 3600)
    Shutdown(WorkerState()).return_running_jobs()
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


@pytest.mark.usefixtures("own_alarm")
def test_a_renewal_leaves_the_alarm_to_a_shutdown_that_came_in_its_midst() -> None:
    before = signal.getsignal(signal.SIGALRM)
    state = WorkerState()
    state.begin_to_stop()
    Leases(cast("Ledger", None), 3600, state)
    assert signal.getsignal(signal.SIGALRM) is before


class ToldWhileAsked(WorkerState):
    """Is told to stop between the question whether it was and the answer."""

    _is_told = False

    @property
    def is_stopping(self) -> bool:
        was_told = self._is_told
        if not was_told:
            signal.raise_signal(signal.SIGTERM)  # to this thread, as to the only one of a worker
        return was_told

    @is_stopping.setter
    def is_stopping(self, told: bool) -> None:
        self._is_told = told


class NeverLate(Shutdown):
    """Has time left."""

    def end_now(self, *_: Any) -> None:
        pytest.fail("the time is up")


@pytest.mark.usefixtures("own_alarm")
def test_a_shutdown_keeps_its_alarm_that_comes_while_a_renewal_sets_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ARBTUNE_REDIS_URL", "redis://127.0.0.1:1/0")
    state = ToldWhileAsked()
    shutdown = Shutdown(state)
    signal.signal(signal.SIGTERM, lambda *_: shutdown.begin())
    Leases(cast("Ledger", None), 3600, state)
    assert state.is_stopping
    assert signal.getsignal(signal.SIGALRM) == shutdown.end_now
    assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= Settings().shutdown_s


@pytest.mark.usefixtures("own_alarm")
def test_a_server_that_does_not_answer_uses_up_none_of_the_time_of_a_shutdown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("ARBTUNE_REDIS_URL", f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        shutdown = NeverLate(WorkerState())
        started = time.monotonic()
        shutdown.begin()
        shutdown.return_running_jobs()
        assert time.monotonic() - started < REPLY_TIMEOUT_S, "as long as anybody else"
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert said == ["shutdown.not_leased", "shutdown.not_returned"]


SLOW_TO_END = """
import time
from worker.running.process import shutdown
from worker.ledger.patience import REPLY_TIMEOUT_S

class Slow:
    def __del__(self, sleep=time.sleep):
        sleep(1)  # the alarm would come in half of it

slow = Slow()
shutdown.bound_shutdown()
"""


def test_an_alarm_does_not_kill_an_interpreter_that_ends_in_order() -> None:
    settings = {"ARBTUNE_REDIS_URL": "redis://127.0.0.1:1/0", "ARBTUNE_SHUTDOWN_S": "1"}
    command = [sys.executable, "-c", SLOW_TO_END]
    assert subprocess.run(command, env={**os.environ, **settings}, check=False).returncode == 0


ENDING_CHILD = """
import atexit, sys
from celery import signals
import worker.celery_app

atexit.register(print, "ended in its own time")
signals.worker_process_shutdown.send(sender=None, pid=0, exitcode=3)
print("billiard would sleep now")
"""


def test_a_child_of_which_nothing_is_wanted_any_more_ends_at_once() -> None:
    command = [sys.executable, "-c", ENDING_CHILD]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
