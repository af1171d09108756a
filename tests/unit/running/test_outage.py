"""What a worker's log says of a server that is away."""

from __future__ import annotations

import logging
import time

import pytest
import redis

from worker.running.process.outage import Outage

PLACE = "redis://127.0.0.1:6379/0"


def test_an_outage_is_told_at_its_begin_once_a_minute_and_at_its_end(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "arbtune.worker")
    outage = Outage(PLACE)
    for now in range(0, 100, 10):
        monkeypatch.setattr(time, "monotonic", lambda now=now: float(now))
        outage.goes_on(ConnectionError("Connection refused"))
    for _ in range(2):
        outage.has_ended()
    told = [(record.message, vars(record)["seconds"]) for record in caplog.records]
    assert told == [("redis.away", 0.0), ("redis.away", 60.0), ("redis.back", 90.0)]
    assert {vars(record)["redis"] for record in caplog.records} == {PLACE}
    first = vars(caplog.records[0])
    assert first["error"] == "Connection refused"
    assert "the worker waits" in first["remedy"]


def test_no_outage_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "arbtune.worker")
    Outage(PLACE).has_ended()
    assert caplog.records == []


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (redis.ReadOnlyError("You can't write"), "is a replica, which takes no jobs"),
        (redis.ConnectionError("max number of clients reached"), "(maxclients)"),
        (redis.ConnectionError("certificate has expired"), "renew it on the server"),
        (redis.ResponseError("NOREPLICAS Not enough"), "refused a command: NOREPLICAS"),
    ],
)
def test_an_outage_is_told_with_what_to_do(
    error: Exception, remedy: str, caplog: pytest.LogCaptureFixture
) -> None:
    Outage(PLACE).goes_on(error)
    [record] = caplog.records
    assert remedy in vars(record)["remedy"]
    assert vars(record)["remedy"].endswith("; the worker waits for it and goes on by itself")
