"""What a command brings up beside itself, when it is ended while it does so."""

from __future__ import annotations

import signal
import threading

import pytest

from worker.client import embedded


class EndedWhileItStarts(threading.Thread):
    def start(self) -> None:
        super().start()
        signal.raise_signal(signal.SIGTERM)


def test_a_command_that_is_ended_while_it_begins_to_listen_has_no_thread_to_wait_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threading, "Thread", EndedWhileItStarts)
    before = threading.active_count()
    with (
        pytest.raises(SystemExit),
        embedded.ended_by_signals(),
        embedded._heard_about_the_cache([]),
    ):
        pytest.fail("it goes on")
    assert threading.active_count() == before
