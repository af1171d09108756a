"""Chains, links, groups and chords of a plain client, whose jobs are started more than once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery, chain, chord, group
from celery.canvas import Signature
from kombu.entity import Exchange, Queue

from tests.conftest import JOB, PATIENCE_S, WorkerProcess, ledger_at, running_worker, wait_until
from worker.ledger.celery_meta import cancelled_meta, success_meta
from worker.ledger.envelope import JOBS
from worker.ledger.ledger import Holder, Ledger, Outcome, State

DEAD = {**JOB, "tag": "exit:9"}
GONE = {**JOB, "data_file": "nope.csv"}


@pytest.fixture(scope="module")
def canvas_worker(
    redis_url: str, data_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    """A worker of two processes, whose jobs do what their tags say, on a database of its own."""
    log = tmp_path_factory.mktemp("canvas") / "log"
    url = redis_url.removesuffix("/0") + "/3"
    settings = {"max_attempts": "2", "concurrency": 2}
    with running_worker(url, data_root, log, poisonous=True, **settings) as running:  # type: ignore[arg-type]
        yield running


@pytest.fixture
def url(canvas_worker: WorkerProcess, redis_url: str) -> str:
    assert canvas_worker.process.poll() is None
    return redis_url.removesuffix("/0") + "/3"


@pytest.fixture
def client(url: str) -> Celery:
    """A Celery app that knows nothing of this project."""
    return Celery("somebody-else", broker=url, backend=url, set_as_current=False)


@pytest.fixture
def ledger(url: str) -> Ledger:
    return ledger_at(url)


def job(client: Celery, config: Any = JOB, **options: Any) -> Signature:
    return client.signature(JOBS.task, args=[config], immutable=True, **options)


@pytest.fixture
def go_on(tmp_path: Path) -> Path:
    """Until this file is there a `held` job runs."""
    return tmp_path / "go on"


def held(client: Celery, go_on: Path, **options: Any) -> Signature:
    return job(client, {**JOB, "tag": f"until:{go_on}"}, **options)


def kill_its_child(go_on: Path) -> None:
    """Kill the process that runs a `held` job, and let the next attempt end."""
    said = Path(f"{go_on}.pid")
    wait_until(lambda: said.exists() and said.read_text(encoding="utf-8"), "the job runs")
    os.kill(int(said.read_text(encoding="utf-8")), signal.SIGKILL)
    go_on.touch()


def sent_to(client: Celery, queue: str, *, count: int) -> list[Any]:
    """The messages that somebody else's queue has been sent, once there are so many."""
    found: list[Any] = []

    with client.connection_for_read() as connection:
        channel: Any = connection.channel()

        def are_there() -> bool:
            while (message := channel.basic_get(queue, no_ack=True)) is not None:
                found.append(message)
            return len(found) >= count

        wait_until(are_there, f"{queue} has been sent {count}")
    return found


def test_a_chain_goes_on_after_a_job_whose_process_died(
    client: Celery, ledger: Ledger, go_on: Path
) -> None:
    other = client.signature("theirs.done", queue="theirs-1")
    result = chain(held(client, go_on), job(client), job(client), other).apply_async()
    first = result.parent.parent.parent
    kill_its_child(go_on)
    assert first.get(timeout=PATIENCE_S)["total_trades"] == 10
    assert result.parent.get(timeout=PATIENCE_S)["total_trades"] == 10
    record = ledger.record(first.id)
    assert record is not None
    assert record.attempts == 2
    [message] = sent_to(client, "theirs-1", count=1)
    assert message.headers["id"] == result.id
    assert message.headers["root_id"] == first.id
    assert message.headers["parent_id"] == result.parent.id
    assert message.payload[0][0]["total_trades"] == 10


def test_a_chord_and_its_links_come_to_their_end_once(client: Celery, go_on: Path) -> None:
    link = client.signature("theirs.linked", queue="theirs-2")
    slow = held(client, go_on)
    slow.link(link)
    body = client.signature("theirs.body", queue="theirs-3")
    header = group([slow, job(client), job(client)])
    result = chord(header, body).apply_async()
    kill_its_child(go_on)
    [message] = sent_to(client, "theirs-3", count=1)
    assert message.headers["id"] == result.id
    assert [part["total_trades"] for part in message.payload[0][0]] == [10, 10, 10]
    assert len(sent_to(client, "theirs-2", count=1)) == 1, "the link, once"


def test_a_chord_loses_no_job_whose_process_died_before_it_claimed_it(
    client: Celery, ledger: Ledger, tmp_path: Path
) -> None:
    """The ledger has not met such a job: nobody but the message knows it."""
    dies = job(client, {**JOB, "tag": f"unclaimed:{tmp_path / 'died'}"})
    body = client.signature("theirs.body", queue="theirs-7")
    result = chord(group([dies, job(client)]), body).apply_async()
    [message] = sent_to(client, "theirs-7", count=1)
    assert [part["total_trades"] for part in message.payload[0][0]] == [10, 10]
    record = ledger.record(result.parent.results[0].id)
    assert record is not None
    assert record.attempts == 1


def test_a_body_is_sent_by_others_where_whoever_had_claimed_it_died(
    client: Celery, canvas_worker: WorkerProcess, ledger: Ledger, url: str, go_on: Path
) -> None:
    server: Any = redis.Redis.from_url(url)
    body = client.signature("theirs.body", queue="theirs-8")
    result = chord(group([job(client), held(client, go_on)]), body).apply_async()
    claim = client.backend.get_key_for_group(result.parent.id, ".c")
    first, last = (member.id for member in result.parent.results)
    is_owed = partial(server.zscore, "arbtune:owed")
    wait_until(lambda: ledger.states([first]) == [State.SUCCESS], "the first member has ended")
    wait_until(lambda: is_owed(first) is None, "it is counted in")
    server.set(claim, "of one that has died")
    go_on.touch()
    waits = f'"canvas.waits", "job_id": "{last}"'
    wait_until(lambda: waits in canvas_worker.log.read_text(encoding="utf-8"), "the body waits")
    server.delete(claim)
    [message] = sent_to(client, "theirs-8", count=1)
    assert [part["total_trades"] for part in message.payload[0][0]] == [10, 10]
    wait_until(lambda: server.zcard("arbtune:owed") == 0, "nothing is owed")


def test_errbacks_are_called_when_no_try_is_left(client: Celery, ledger: Ledger) -> None:
    errback = client.signature("theirs.failed", queue="theirs-4")
    result = chain(job(client, DEAD, link_error=[errback]), job(client)).apply_async()
    wait_until(lambda: ledger.is_dead(result.parent.id), "it is a dead letter")
    sent = sent_to(client, "theirs-4", count=1)
    assert [message.payload[0] for message in sent] == [[result.parent.id]]
    with pytest.raises(Exception, match="the process that ran the job died"):
        result.get(timeout=PATIENCE_S)  # Celery's clients read it of the last of the chain
    assert ledger.states([result.id]) == [State.ERROR]


def test_a_chord_with_a_job_that_fails_or_is_cancelled_fails(
    client: Celery, ledger: Ledger
) -> None:
    body = job(client)
    failed = chord([job(client), job(client, GONE)], body).apply_async()
    with pytest.raises(Exception, match="nope"):
        failed.get(timeout=PATIENCE_S)
    slow = job(client, {**JOB, "tag": "until:/nowhere/at all"})
    cancelled = chord([job(client), slow], job(client)).apply_async()
    slow_id = cancelled.parent.results[1].id
    wait_until(lambda: ledger.states([slow_id]) == [State.RUNNING], "the job runs")
    ledger.cancel(slow_id, cancelled_meta(slow_id))
    with pytest.raises(Exception, match="cancelled"):
        cancelled.get(timeout=PATIENCE_S)


def test_the_time_limit_of_a_message_holds_for_its_second_start(
    client: Celery, canvas_worker: WorkerProcess, ledger: Ledger
) -> None:
    result = job(client, {**JOB, "tag": "loop"}).apply_async(time_limit=6)
    wait_until(lambda: ledger.states([result.id]) == [State.RUNNING], "the job runs")
    for child in canvas_worker.children():
        with suppress(ProcessLookupError):  # one that is replaced just then
            os.kill(child, signal.SIGKILL)
    wait_until(lambda: ledger.states([result.id]) == [State.ERROR], "it is stopped")
    record = ledger.record(result.id)
    assert record is not None
    assert record.error is not None
    assert (record.error["type"], record.attempts) == ("TimeLimitExceeded", 2)


def test_a_job_returns_to_the_list_that_it_came_from(client: Celery, tmp_path: Path) -> None:
    """As in Celery's documentation: an exchange and a routing key of one's own."""
    media: Any = Exchange
    queue: Any = Queue
    client.conf.task_queues = [queue("celery", media("media"), routing_key="media.video")]
    options: list[dict[str, Any]] = [{"queue": client.conf.task_queues[0]}, {"priority": 7}]
    for number, option in enumerate(options):
        go_on = tmp_path / str(number)
        result = held(client, go_on).apply_async(**option)
        kill_its_child(go_on)
        assert result.get(timeout=PATIENCE_S)["total_trades"] == 10


def test_what_nobody_saw_to_is_found_by_the_reconciler(
    client: Celery, ledger: Ledger, url: str, go_on: Path
) -> None:
    result = chain(held(client, go_on), job(client)).apply_async()
    wait_until(lambda: ledger.states([result.parent.id]) == [State.RUNNING], "the job runs")
    record = ledger.record(result.parent.id)
    assert record is not None
    # As when its process dies between the outcome and the next.
    meta = success_meta(result.parent.id, {})
    ledger.finish(result.parent.id, Holder("nobody"), Outcome(State.SUCCESS, meta))
    owed: Any = redis.Redis.from_url(url)
    owed.zadd("arbtune:owed", {result.parent.id: 0})
    assert result.get(timeout=PATIENCE_S)["total_trades"] == 10
    wait_until(lambda: owed.zcard("arbtune:owed") == 0, "nothing is owed")
    go_on.touch()
