"""A real worker whose queue somebody has filled with what is not a job."""

from __future__ import annotations

import json
import random
from functools import partial
from pathlib import Path
from typing import Any

import redis
from celery import Celery, signature

from tests.conftest import JOB, PATIENCE_S, ledger_at, running_worker, wait_until
from tests.helpers.inputs.elements import command_message, spoilt_command, spoilt_element
from worker.client.jobs.sending import send, submission
from worker.ledger.envelope import JOBS, job_message
from worker.ledger.ledger import State
from worker.running.delivery.message_check import check_message

SEED = 11
POISONED = 200
GOOD = 10
COMMANDS = 100

_TYPED = {"__type__": "bytes", "__value__": 5}


def test_no_element_of_a_queue_costs_a_restart_or_another_job(
    own_redis_url: str, data_root: Path, tmp_path: Path
) -> None:
    rng = random.Random(SEED)
    server, ledger = redis.Redis.from_url(own_redis_url), ledger_at(own_redis_url)
    poison = [spoilt_element(rng, f"poison-{number}") for number in range(POISONED)]
    good: list[str] = []
    for number, raw in enumerate(poison):
        server.lpush(JOBS.queue, raw)
        if number % (POISONED // GOOD) == 0:
            [sent] = send(ledger, [submission(JOB)])
            good += sent
    with running_worker(own_redis_url, data_root, tmp_path / "log") as worker:
        wait_until(
            lambda: ledger.states(good) == [State.SUCCESS] * GOOD, "every good job has run", 60
        )
        wait_until(lambda: server.llen(JOBS.queue) == 0, "the queue is empty", 60)
        admitted = [check_message(raw, JOBS.queue) for raw in poison]
        awaited = [one["headers"]["id"] for one in admitted if one is not None]
        assert len(awaited) > POISONED / 2
        wait_until(lambda: None not in ledger.results(awaited), "each id has its outcome", 60)
        assert worker.log_text().count("worker.ready") == 1
        assert worker.events("worker.died") == []
        refused = worker.events("message.refused")
    assert len(refused) > POISONED / 4
    assert "Traceback" not in json.dumps([event["error"] for event in refused])


def test_whoever_waits_for_a_job_that_is_unfit_is_told(
    own_redis_url: str, data_root: Path, tmp_path: Path
) -> None:
    server = redis.Redis.from_url(own_redis_url)
    client = Celery(broker=own_redis_url, backend=own_redis_url, set_as_current=False)
    message: Any = json.loads(job_message("waits", "{}"))
    message["headers"]["stamps"] = 5
    with running_worker(own_redis_url, data_root, tmp_path / "log"):
        server.lpush(JOBS.queue, json.dumps(message))
        error = client.AsyncResult("waits").get(timeout=PATIENCE_S, propagate=False)
    assert isinstance(error, ValueError)
    assert str(error) == "stamps in the headers of the message must be an object"


# What kombu's reader takes for a type of its own, known to it or not.
TYPES: tuple[Any, ...] = tuple(
    {"__type__": name, "__value__": value}
    for name, value in (("order", 1), ("bytes", 5), ("date", "x"), ("date", "2026-01-01"), ([], {}))
)


def test_a_job_runs_whatever_its_extra_holds(
    own_redis_url: str, data_root: Path, tmp_path: Path
) -> None:
    ledger = ledger_at(own_redis_url)
    client = Celery(broker=own_redis_url, backend=own_redis_url, set_as_current=False)
    jobs: Any = [{**JOB, "extra": {"a": one}} for one in TYPES]
    links = [signature(JOBS.task, args=[job], immutable=True, app=client) for job in jobs]
    with running_worker(own_redis_url, data_root, tmp_path / "log") as worker:
        [ids] = send(ledger, [submission(job) for job in jobs])
        ids += [
            client.send_task(JOBS.task, args=[job], link=link).id
            for job, link in zip(jobs, links, strict=True)
        ]
        wait_until(
            lambda: (
                not {State.QUEUED, State.RUNNING, State.UNKNOWN}.intersection(ledger.states(ids))
            ),
            "each ends",
        )
        assert set(ledger.states(ids)) == {State.SUCCESS}
        assert not worker.events("job.message_lost")


def test_a_spoilt_message_of_a_known_job_runs_the_job(
    own_redis_url: str, data_root: Path, tmp_path: Path
) -> None:
    server, ledger = redis.Redis.from_url(own_redis_url), ledger_at(own_redis_url)
    [[job_id]] = send(ledger, [submission(JOB)])
    raw: Any = server.rpop(JOBS.queue)
    server.lpush(JOBS.queue, raw[1:])
    with running_worker(own_redis_url, data_root, tmp_path / "log"):
        wait_until(lambda: ledger.states([job_id]) == [State.SUCCESS], "the job has run")


def altered(**parts: Any) -> bytes:
    return json.dumps({**command_message("ping", {}), **parts}).encode()


POISONED_COMMANDS = (
    *(b"5", b"[]", b"null", b"\xff", b"[" * 100_000, json.dumps(_TYPED).encode()),
    *(altered(properties=5), altered(properties={}), altered(headers=[]), altered(body=5)),
    altered(headers={"clock": "x"}),
    altered(properties={**command_message("ping", {})["properties"], "body_encoding": []}),
    *(
        json.dumps(command_message(method, arguments)).encode()
        for method, arguments in (
            ("no_such_command", {}),
            ("add_consumer", {"queue": {"a": 1}}),
            ("add_consumer", {"queue": "q\x06", "exchange": 5}),
            ("cancel_consumer", {"queue": [1]}),
            ("cancel_consumer", 5),
        )
    ),
)


def test_no_remote_command_costs_a_restart(
    own_redis_url: str, data_root: Path, tmp_path: Path
) -> None:
    rng = random.Random(SEED)
    server, ledger = redis.Redis.from_url(own_redis_url), ledger_at(own_redis_url)
    control = Celery(broker=own_redis_url, set_as_current=False).control
    channel = f"/{server.get_connection_kwargs().get('db', 0)}.celery.pidbox"
    spoilt = [spoilt_command(rng) for _ in range(COMMANDS)]
    with running_worker(own_redis_url, data_root, tmp_path / "log") as worker:
        wait_until(lambda: control.ping(timeout=1, limit=1), "it listens")
        for raw in (*POISONED_COMMANDS, *spoilt):
            wait_until(partial(server.publish, channel, raw), "it is there to hear it")
        wait_until(lambda: control.ping(timeout=1, limit=1), "it listens still")
        [[job_id]] = send(ledger, [submission(JOB)])
        wait_until(lambda: ledger.states([job_id]) == [State.SUCCESS], "it runs jobs")
        assert worker.events("worker.died") == []
        assert "Connection to broker lost" not in worker.log_text()
        refused = worker.events("command.refused")
    assert "AttributeError" in json.dumps(refused)


BAD_COPIES: dict[str, bytes] = {
    "no JSON": b"garbage",
    "no text": b"\xff",
    "deep": b"[" * 100_000,
    "a number": b"5",
    "two parts": b"[{}, 5]",
    "no message": b'[5, "", "celery"]',
    "a list that is no text": b'[{"headers": {}, "properties": {}}, "", [1]]',
    "half of a character": b'[{"headers": {}, "properties": {}}, "", "\\ud800"]',
    "typed": json.dumps([_TYPED, "", "celery"]).encode(),
}


def test_no_copy_of_a_delivery_costs_a_start_or_another_copy(
    own_redis_url: str, data_root: Path, tmp_path: Path
) -> None:
    server, ledger = redis.Redis.from_url(own_redis_url), ledger_at(own_redis_url)
    good: Any = json.loads(job_message("brought-back", json.dumps(JOB)))
    copies: dict[str, bytes] = {**BAD_COPIES, "z": json.dumps([good, "", JOBS.queue]).encode()}
    for tag, copy in copies.items():
        server.hset("unacked", tag, copy)
        server.zadd("unacked_index", {tag: 0})
    with running_worker(own_redis_url, data_root, tmp_path / "log") as worker:
        wait_until(lambda: ledger.states(["brought-back"]) == [State.SUCCESS], "the good one runs")
        assert worker.events("worker.died") == []
        assert worker.events("redis.away") == []
        assert len(worker.events("copy.refused")) == len(BAD_COPIES)
    assert server.hlen("unacked") == 0
