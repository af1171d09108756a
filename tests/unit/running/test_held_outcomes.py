"""What a worker's main process could not record, and the children that wait to record."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
import redis

from worker.running.process.children import END, is_spared, spared
from worker.running.process.state import WorkerState


def test_an_outcome_that_the_server_refuses_is_held_until_it_takes_it() -> None:
    refusals = [redis.ReadOnlyError("a replica"), redis.ReadOnlyError("a replica")]
    recorded: list[str] = []

    def record() -> None:
        if refusals:
            raise refusals.pop()
        recorded.append("job")

    state = WorkerState()
    state.record_or_hold("job", record)
    assert list(state.held) == ["job"]
    with pytest.raises(redis.ReadOnlyError):
        state.record_held()
    assert list(state.held) == ["job"], "for the next time"
    state.record_held()
    assert (recorded, state.held) == (["job"], {})


CHILD = """
import sys
from worker.running.process.children import spared
with spared():
    print("waits", flush=True)
    sys.stdin.read()
print("computes", flush=True)
while True:
    pass
"""


def test_only_a_child_that_computes_is_ended_with_its_lease() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == b"waits\n"
        assert is_spared(child.pid)
        child.send_signal(END)
        child.stdin.close()
        assert child.stdout.readline() == b"computes\n", "it has lived on"
        assert not is_spared(child.pid)
        child.send_signal(END)
        assert child.wait() == -END
    assert not is_spared(child.pid), "it is gone"


def test_a_spared_process_is_as_before_afterwards() -> None:
    before = signal.getsignal(END)
    with spared():
        assert is_spared(os.getpid())
    assert signal.getsignal(END) == before
    assert not is_spared(os.getpid())
