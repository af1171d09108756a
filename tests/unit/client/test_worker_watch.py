"""A command that waits where no worker is says so once, and never where one is."""

from __future__ import annotations

from typing import Any

import fakeredis
import pytest
import redis

from worker.client.worker_watch import LOOK_EVERY_S, PATIENCE_S, WorkerWatch
from worker.operating.signs.presence import announce, own_presence, withdraw

PLACE = "redis://127.0.0.1:6379/0"
SENTENCE = (
    f"arbtune: warning: no worker is present at {PLACE}: start one with arbtune worker, or run "
    "this with --local; it waits for one\n"
)


class Waiting:
    """Somebody who waits, on a clock that a test moves."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.client: Any = fakeredis.FakeRedis()
        self._capsys = capsys
        self._now = 1000.0
        self._watch = WorkerWatch(self.client, PLACE, clock=lambda: self._now)

    def hears_within(self, seconds: float) -> str:
        """What is said while the time passes in short ticks."""
        for _ in range(round(seconds / 0.1)):
            self._watch.look()
            self._now += 0.1
        written = self._capsys.readouterr()
        assert written.out == ""
        return written.err


@pytest.fixture
def waiting(capsys: pytest.CaptureFixture[str]) -> Waiting:
    return Waiting(capsys)


def test_it_is_said_once_and_not_at_once(waiting: Waiting) -> None:
    assert waiting.hears_within(PATIENCE_S - LOOK_EVERY_S) == ""
    assert waiting.hears_within(3 * LOOK_EVERY_S) == SENTENCE
    assert waiting.hears_within(100 * PATIENCE_S) == ""


def test_nothing_is_said_where_a_worker_is_whatever_it_is_busy_with(waiting: Waiting) -> None:
    announce(waiting.client, own_presence(1), [])
    assert waiting.hears_within(10 * PATIENCE_S) == ""


def test_a_worker_that_starts_or_starts_again_in_time_is_not_missed(waiting: Waiting) -> None:
    presence = own_presence(1)
    assert waiting.hears_within(PATIENCE_S - LOOK_EVERY_S) == ""
    announce(waiting.client, presence, [])
    assert waiting.hears_within(PATIENCE_S) == ""
    withdraw(waiting.client, presence.worker)
    assert waiting.hears_within(PATIENCE_S - LOOK_EVERY_S) == ""
    announce(waiting.client, presence, [])
    assert waiting.hears_within(10 * PATIENCE_S) == ""
    withdraw(waiting.client, presence.worker)
    assert waiting.hears_within(2 * PATIENCE_S) == SENTENCE


def test_a_server_that_is_away_is_not_taken_for_an_absence(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_away(_: str) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(waiting.client, "smembers", is_away)
    assert waiting.hears_within(10 * PATIENCE_S) == ""
