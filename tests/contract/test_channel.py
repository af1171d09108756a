"""Deliveries on a real server: what is kept of a message until it is acknowledged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from celery import Celery

from worker.ledger.envelope import JOBS, Route, job_message
from worker.running.delivery.channel import Channel

QUEUE = "channel-test"
COPIES = "unacked"  # kombu's


@pytest.fixture
def server(own_redis_url: str) -> redis.Redis:
    return redis.Redis.from_url(own_redis_url)


@pytest.fixture
def channel(own_redis_url: str) -> Iterator[Any]:
    with Celery(broker=own_redis_url, set_as_current=False).connection_for_read() as connection:
        connection.transport.Channel = Channel
        yield connection.channel()


def test_a_job_of_the_ledger_is_delivered_without_a_copy(server: redis.Redis, channel: Any) -> None:
    server.lpush(QUEUE, job_message("job-1", "{}", Route(JOBS.task, QUEUE)))
    message = channel.basic_get(QUEUE)
    assert message.headers["id"] == "job-1"
    assert server.keys() == []
    message.ack()
    assert server.keys() == []


@pytest.mark.parametrize("how", ["requeued", "the channel closes"])
def test_one_that_is_not_taken_goes_back_to_its_queue(
    how: str, server: redis.Redis, channel: Any
) -> None:
    server.lpush(QUEUE, job_message("job-1", "{}", Route(JOBS.task, QUEUE)))
    message = channel.basic_get(QUEUE)
    if how == "requeued":
        message.requeue()
    else:
        channel.close()
    again: Any = server.lrange(QUEUE, 0, -1)
    assert [json.loads(raw)["headers"]["id"] for raw in again] == ["job-1"]


def test_a_job_of_a_foreign_client_has_a_copy_until_it_is_acknowledged(
    server: redis.Redis, channel: Any, own_redis_url: str
) -> None:
    client = Celery(broker=own_redis_url, set_as_current=False)
    client.send_task(JOBS.task, args=[{}], queue=QUEUE)
    message = channel.basic_get(QUEUE)
    assert server.hlen(COPIES) == 1
    message.ack()
    assert server.hlen(COPIES) == 0
