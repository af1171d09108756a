"""A chord's body, where the broker is away just when the last member has ended."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from celery import Celery
from celery.app.task import Context
from kombu.exceptions import OperationalError

from worker.running.jobs.chords import ChordIsClaimedError, count_in

NOBODY = "redis://127.0.0.1:1/0"
GROUP = "a-group"


def app_at(broker: str, results: str) -> Any:
    app = Celery("members", broker=broker, backend=results, set_as_current=False)
    app.conf.task_publish_retry = False
    app.conf.broker_transport_options = {"max_retries": 0}
    return app


def member(number: int, body: Any) -> Context:
    return Context(id=f"member-{number}", group=GROUP, group_index=number, chord=dict(body))


def test_the_body_waits_for_the_broker_and_is_sent_once(redis_url: str) -> None:
    server: Any = redis.Redis.from_url(redis_url)
    app, cut_off = app_at(redis_url, redis_url), app_at(NOBODY, redis_url)
    body = app.signature("theirs.body", queue="theirs", task_id="the-body")
    app.backend.set_chord_size(GROUP, 2)
    count_in(app.backend, member(0, body), "SUCCESS", "first")
    last = member(1, body)
    with pytest.raises(OperationalError):
        count_in(cut_off.backend, last, "SUCCESS", "second")
    with pytest.raises(ChordIsClaimedError, match=GROUP):
        count_in(app.backend, last, "SUCCESS", "second")
    server.delete(app.backend.get_key_for_group(GROUP, ".c"))  # as when the claim has lapsed
    for _ in range(2):
        count_in(app.backend, last, "SUCCESS", "second")
    with app.connection_for_read() as connection:
        channel: Any = connection.channel()
        message = channel.basic_get("theirs", no_ack=True)
        assert message.headers["id"] == "the-body"
        assert message.payload[0] == [["first", "second"]]
        assert channel.basic_get("theirs") is None, "it is sent once"
