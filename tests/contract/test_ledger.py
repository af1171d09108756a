"""The ledger's promises, kept on fakeredis and on a real server alike."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import fakeredis
import pytest
import redis

from arbitrage.documents.result import ErrorRecord, record_of
from tests.conftest import wait_until
from tests.servers import binary_of, durable_server
from worker.client.embedded import embedded_server
from worker.ledger import names
from worker.ledger.celery_meta import cancelled_meta, failed_meta, success_meta
from worker.ledger.envelope import Route, job_message
from worker.ledger.ledger import Holder, Ledger, Outcome, Start, State, Submission
from worker.ledger.names import (
    COUNT_RUN_MS,
    COUNT_RUNS,
    COUNTERS_KEY,
    JOB_KEY,
    RESULT_KEY,
    RUN_SECONDS,
)
from worker.operating.presence import announce, own_presence

LEASE_S = 600  # longer than any of these tests may take
ROUTE = Route("contract-task", "contract-queue")
ERROR = record_of("OSError", "stale file handle", is_retryable=True, attempts=1)
PAYLOAD = {b"config", b"error", b"history"}  # what may be large of a record
LOST: ErrorRecord = {"type": "WorkerLostError", "message": "the worker died", "retryable": True}


@pytest.fixture(scope="module")
def quiet_url() -> Iterator[str]:
    """A real server that no worker looks at: its reconciler would publish what is due here."""
    with embedded_server() as url:
        yield url


@pytest.fixture(scope="module")
def installed_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The Redis that is installed on this machine."""
    if binary_of("redis") is None:
        pytest.skip("no redis-server on the PATH: the contract is not tried on Redis itself")
    with durable_server("redis", tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest.fixture(params=["fakeredis", "quiet_url", "installed_url"])
def client(request: pytest.FixtureRequest) -> Iterator[redis.Redis]:
    """Each test runs on all: whatever one of them does differently shows up here."""
    if request.param == "fakeredis":
        yield fakeredis.FakeRedis()
        return
    server = redis.Redis.from_url(request.getfixturevalue(request.param))
    server.flushdb()
    yield server
    server.close()


@pytest.fixture
def ledger(client: redis.Redis) -> Ledger:
    return Ledger(client, result_ttl_s=3600, lease_s=LEASE_S)


def new_job(config: str = '{"a":1}') -> Submission:
    job_id = str(uuid.uuid4())
    return Submission(job_id, config, f"message of {job_id}")


def started(ledger: Ledger, job: Submission, worker: str = "w1") -> Holder:
    start = ledger.start(job.job_id, worker, job.config, ROUTE)
    assert start is not None
    return start.holder


def success(job: Submission, result: Any = "done") -> Outcome:
    return Outcome(State.SUCCESS, success_meta(job.job_id, result))


def failure(job: Submission) -> Outcome:
    return Outcome(State.ERROR, failed_meta(job.job_id, ERROR), ERROR)


def state_of(ledger: Ledger, job: Submission) -> State | None:
    record = ledger.record(job.job_id)
    return None if record is None else record.state


def result_status(client: redis.Redis, job: Submission) -> str | None:
    value: Any = client.get(RESULT_KEY.format(job.job_id))
    return None if value is None else json.loads(value)["status"]


def now_ms(client: redis.Redis) -> int:
    """The server's clock."""
    seconds, microseconds = client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000


def messages(client: redis.Redis) -> list[str]:
    """The queue's messages, the next one first."""
    values: Any = client.lrange(ROUTE.queue, 0, -1)
    return [value.decode() for value in reversed(values)]


# -- submitting


def test_a_submitted_job_is_recorded_and_published_in_one_step(
    ledger: Ledger, client: redis.Redis
) -> None:
    first, second = new_job(), new_job()
    assert ledger.submit([first, second], ROUTE) == ["queued", "queued"]
    assert messages(client) == [first.message, second.message]
    record = ledger.record(first.job_id)
    assert record is not None
    assert (record.state, record.attempts, record.generation) == (State.QUEUED, 0, 1)
    assert record.config == {"a": 1}


def test_the_same_job_again_is_published_once(ledger: Ledger, client: redis.Redis) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    assert ledger.submit([job], ROUTE) == ["open"]
    assert messages(client) == [job.message]


def test_another_job_under_an_open_id_is_refused(ledger: Ledger, client: redis.Redis) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    other = Submission(job.job_id, '{"a":2}', "another message")
    assert ledger.submit([other], ROUTE) == ["taken"]
    assert messages(client) == [job.message]
    record = ledger.record(job.job_id)
    assert record is not None
    assert record.config == {"a": 1}


def test_a_finished_id_opens_the_next_generation_without_its_old_result(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    old = started(ledger, job)
    ledger.finish(job.job_id, old, success(job))
    assert ledger.submit([job], ROUTE) == ["queued"]
    assert result_status(client, job) is None
    record = ledger.record(job.job_id)
    assert record is not None
    assert (record.state, record.generation, record.attempts) == (State.QUEUED, 2, 0)
    assert client.ttl(f"arbtune:job:{job.job_id}") == -1, "an open job has no lifetime"
    assert ledger.finish(job.job_id, old, success(job)) == "refused", "of the last generation"


# -- one start


def test_a_delivery_starts_a_queued_job(ledger: Ledger) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    assert started(ledger, job) == Holder("w1", start=1, generation=1)
    assert state_of(ledger, job) is State.RUNNING


def test_a_second_delivery_is_dropped_while_the_job_runs_and_after_it_ended(
    ledger: Ledger,
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    holder = started(ledger, job)
    assert ledger.start(job.job_id, "w2", job.config, ROUTE) is None
    ledger.finish(job.job_id, holder, success(job))
    assert ledger.start(job.job_id, "w2", job.config, ROUTE) is None


def test_of_many_workers_that_start_a_job_at_once_one_does(quiet_url: str) -> None:
    job = new_job()
    starts: list[Start | None] = []
    barrier = threading.Barrier(8)

    def race(name: str) -> None:
        own = Ledger(redis.Redis.from_url(quiet_url), result_ttl_s=60, lease_s=15)
        barrier.wait()
        starts.append(own.start(job.job_id, name, job.config, ROUTE))

    threads = [threading.Thread(target=race, args=(f"w{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([start for start in starts if start is not None]) == 1


def test_a_foreign_job_enters_the_ledger_when_it_starts(ledger: Ledger) -> None:
    job = new_job()
    assert ledger.record(job.job_id) is None
    assert started(ledger, job) == Holder("w1", start=1, generation=1)
    record = ledger.record(job.job_id)
    assert record is not None
    assert (record.state, record.config) == (State.RUNNING, {"a": 1})


def test_a_message_of_an_older_generation_runs_the_config_of_the_new_one(ledger: Ledger) -> None:
    old = new_job('{"bps":10}')
    ledger.submit([old], ROUTE)
    ledger.cancel(old.job_id, cancelled_meta(old.job_id))
    ledger.submit([Submission(old.job_id, '{"bps":40}', "message")], ROUTE)
    start = ledger.start(old.job_id, "w1", '{"bps":10}', ROUTE)
    assert start is not None
    assert (start.config, start.holder.generation) == ('{"bps":40}', 2)


# -- one outcome


def test_state_and_result_change_together(ledger: Ledger, client: redis.Redis) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    holder = started(ledger, job)
    assert ledger.finish(job.job_id, holder, success(job, {"n": 1})) == "success"
    assert state_of(ledger, job) is State.SUCCESS
    [meta] = ledger.results([job.job_id])
    assert meta is not None
    assert (meta["status"], meta["result"]) == ("SUCCESS", {"n": 1})
    assert 0 < client.ttl(RESULT_KEY.format(job.job_id)) <= 3600
    assert 0 < client.ttl(f"arbtune:job:{job.job_id}") <= 3600


@pytest.mark.parametrize("first", ["success", "failure", "cancel"])
def test_after_an_outcome_every_other_is_refused(
    ledger: Ledger, client: redis.Redis, first: str
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    holder = started(ledger, job)
    if first == "cancel":
        ledger.cancel(job.job_id, cancelled_meta(job.job_id))
    else:
        ledger.finish(job.job_id, holder, success(job) if first == "success" else failure(job))
    state, status = state_of(ledger, job), result_status(client, job)

    assert ledger.finish(job.job_id, holder, success(job)) == "refused"
    assert ledger.finish(job.job_id, holder, failure(job)) == "refused"
    assert ledger.requeue(job.job_id, holder, failure(job), max_attempts=3) == "refused"
    assert ledger.cancel(job.job_id, cancelled_meta(job.job_id)) is state
    assert (state_of(ledger, job), result_status(client, job)) == (state, status)


def test_waiting_clients_are_woken(ledger: Ledger, client: redis.Redis) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    listener: Any = client.pubsub(  # type: ignore[no-untyped-call]
        ignore_subscribe_messages=True
    )
    listener.subscribe(RESULT_KEY.format(job.job_id))
    listener.get_message(timeout=1)
    ledger.finish(job.job_id, started(ledger, job), success(job))
    heard: list[Any] = []

    def hear() -> bool:
        message = listener.get_message(timeout=0.1)
        heard.extend([message] if message else [])
        return bool(heard)

    wait_until(hear, "the result is published")
    assert json.loads(heard[0]["data"])["status"] == "SUCCESS"
    listener.close()


def test_a_failure_counts_only_from_whoever_holds_the_job(ledger: Ledger) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    started(ledger, job, "w1")
    assert ledger.finish(job.job_id, Holder("w2"), failure(job)) == "refused"
    assert ledger.finish(job.job_id, Holder("w1", 7, 1), failure(job)) == "refused"
    assert ledger.finish(job.job_id, Holder("w1"), failure(job)) == "error"


def test_a_late_success_counts_as_long_as_no_outcome_stands(ledger: Ledger) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    holder = started(ledger, job)
    ledger.requeue(job.job_id, holder, failure(job), max_attempts=3)
    assert ledger.finish(job.job_id, holder, failure(job)) == "refused"
    assert ledger.finish(job.job_id, holder, success(job)) == "success"
    assert ledger.due(10) == []


def test_a_job_that_the_ledger_never_met_is_not_cancelled(ledger: Ledger) -> None:
    job = new_job()
    assert ledger.cancel(job.job_id, cancelled_meta(job.job_id)) is State.UNKNOWN
    assert ledger.record(job.job_id) is None


@pytest.mark.parametrize("state", [State.ERROR, State.CANCELLED])
def test_a_foreign_job_that_ended_before_it_started_has_one_outcome_too(
    ledger: Ledger, client: redis.Redis, state: State
) -> None:
    job = new_job()
    outcome = failure(job) if state is State.ERROR else Outcome(state, cancelled_meta(job.job_id))
    assert ledger.finish(job.job_id, Holder("w1"), outcome) == state
    status = result_status(client, job)
    assert (state_of(ledger, job), status) == (state, outcome.meta["status"])
    assert ledger.newest(state, 5) == [job.job_id]
    assert 0 < client.ttl(f"arbtune:job:{job.job_id}") <= 3600
    assert ledger.start(job.job_id, "w2", job.config, ROUTE) is None, "delivered once more"
    assert ledger.finish(job.job_id, Holder("w2", 1, 1), success(job)) == "refused"
    assert (state_of(ledger, job), result_status(client, job)) == (state, status)


@pytest.mark.parametrize("state", [State.ERROR, State.CANCELLED])
def test_an_end_before_the_start_does_not_touch_what_started_elsewhere(
    ledger: Ledger, state: State
) -> None:
    job = new_job()
    holder = started(ledger, job, "w2")
    outcome = failure(job) if state is State.ERROR else Outcome(state, cancelled_meta(job.job_id))
    assert ledger.finish(job.job_id, Holder("w1"), outcome) == "refused"
    assert ledger.finish(job.job_id, holder, success(job)) == "success"
    assert ledger.finish(job.job_id, Holder("w1"), outcome) == "refused"


# -- retries


def test_a_retry_waits_for_its_time_and_is_published_once(
    ledger: Ledger, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for delay in ("RETRY_BASE_MS", "RETRY_CAP_MS"):
        monkeypatch.setattr(f"worker.ledger.retries.{delay}", 3_600_000)
    job = new_job()
    ledger.submit([job], ROUTE)
    client.delete(ROUTE.queue)
    assert (
        ledger.requeue(job.job_id, started(ledger, job), failure(job), max_attempts=3) == "queued"
    )
    assert ledger.due(10) == [], "not yet"
    assert ledger.start(job.job_id, "w2", job.config, ROUTE) is None, "nor by a doubled delivery"
    record = ledger.record(job.job_id)
    assert record is not None
    assert record.due_at is not None
    assert record.error == ERROR

    client.hset(f"arbtune:job:{job.job_id}", "due_ms", 1)
    client.zadd("arbtune:due", {job.job_id: 1})
    assert ledger.due(10) == [(job.job_id, job.config, ROUTE, "")]
    ledger.publish(job.job_id, "again")
    ledger.publish(job.job_id, "again")
    assert messages(client) == ["again"]
    assert started(ledger, job, "w2") == Holder("w2", start=2, generation=1)


def test_delays_double_with_jitter_up_to_a_cap(
    ledger: Ledger, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.ledger.retries.RETRY_BASE_MS", 100_000)
    monkeypatch.setattr("worker.ledger.retries.RETRY_CAP_MS", 350_000)
    for attempts, full_ms in enumerate((100_000, 200_000, 350_000)):
        job = new_job()
        ledger.submit([job], ROUTE)
        client.hset(f"arbtune:job:{job.job_id}", "starts", attempts)
        before_ms = now_ms(client)
        ledger.requeue(job.job_id, started(ledger, job), failure(job), max_attempts=9)
        due_ms: Any = client.zscore("arbtune:due", job.job_id)
        assert before_ms + full_ms / 2 <= due_ms <= now_ms(client) + full_ms


def test_a_success_after_a_retry_keeps_no_error(ledger: Ledger) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    holder = started(ledger, job)
    ledger.requeue(job.job_id, holder, failure(job), max_attempts=3)
    ledger.finish(job.job_id, holder, success(job))
    record = ledger.record(job.job_id)
    assert record is not None
    assert record.error is None


def test_deaths_of_workers_do_not_use_up_attempts(ledger: Ledger, client: redis.Redis) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    client.hset(f"arbtune:job:{job.job_id}", mapping={"starts": 2, "deaths": 2})
    assert (
        ledger.requeue(job.job_id, started(ledger, job), failure(job), max_attempts=2) == "queued"
    )


def dead_letter(ledger: Ledger, client: redis.Redis, worker: str = "w1") -> Submission:
    """A job that failed at each of its two attempts."""
    job = real_job()
    ledger.submit([job], ROUTE)
    first = started(ledger, job, worker)
    assert ledger.requeue(job.job_id, first, failure(job), max_attempts=2) == "queued"
    client.hdel(f"arbtune:job:{job.job_id}", "due_ms")  # its time has come
    second = started(ledger, job, worker)
    assert ledger.requeue(job.job_id, second, failure(job), max_attempts=2) == "error"
    return job


def test_a_job_that_used_up_its_attempts_is_a_dead_letter_without_a_lifetime(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = dead_letter(ledger, client)
    assert ledger.dead(10) == [job.job_id]
    assert (state_of(ledger, job), result_status(client, job)) == (State.ERROR, "FAILURE")
    assert client.ttl(f"arbtune:job:{job.job_id}") == -1
    record = ledger.record(job.job_id)
    assert record is not None
    assert (record.config, record.error, record.attempts) == ({}, ERROR, 2)
    assert [(entry.start, entry.worker, entry.error) for entry in record.history] == [
        (1, "w1", ERROR),
        (2, "w1", ERROR),
    ]
    assert all(entry.started_at <= entry.ended_at for entry in record.history)


def test_a_failure_that_leaves_attempts_unused_is_not_a_dead_letter(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    ledger.finish(job.job_id, started(ledger, job), failure(job))
    assert ledger.dead(10) == []
    assert client.ttl(f"arbtune:job:{job.job_id}") > 0
    assert ledger.reopen(job.job_id, "message") == "refused"
    assert ledger.purge([job.job_id]) == 0
    assert state_of(ledger, job) is State.ERROR


def test_a_retried_letter_starts_anew_under_its_id_and_keeps_its_history(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = dead_letter(ledger, client)
    client.delete(ROUTE.queue)
    payload = ledger.payload(job.job_id)
    assert payload == (job.config, ROUTE, "")
    assert ledger.reopen(job.job_id, "again") == "queued"
    assert ledger.reopen(job.job_id, "again") == "refused"
    assert messages(client) == ["again"]
    assert (ledger.dead(10), result_status(client, job)) == ([], None)
    record = ledger.record(job.job_id)
    assert record is not None
    assert (record.state, record.generation, record.attempts) == (State.QUEUED, 2, 0)
    assert (record.error, len(record.history)) == (None, 2)
    holder = started(ledger, job)
    assert ledger.requeue(job.job_id, holder, failure(job), max_attempts=1) == "error"
    record = ledger.record(job.job_id)
    assert record is not None
    assert [(entry.generation, entry.start) for entry in record.history] == [(1, 1), (1, 2), (2, 1)]


def test_of_a_letter_that_is_retried_over_and_over_the_latest_attempts_are_kept(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = dead_letter(ledger, client)
    for _ in range(60):
        ledger.reopen(job.job_id, "again")
        ledger.requeue(job.job_id, started(ledger, job), failure(job), max_attempts=1)
    record = ledger.record(job.job_id)
    assert record is not None
    assert [entry.generation for entry in record.history] == list(range(12, 62))
    assert {(entry.worker, entry.error["type"]) for entry in record.history} == {("w1", "OSError")}


def test_a_purged_letter_is_gone_with_its_result(ledger: Ledger, client: redis.Redis) -> None:
    first, second = dead_letter(ledger, client), dead_letter(ledger, client)
    assert ledger.purge([first.job_id, "no-such-job"]) == 1
    assert ledger.dead(10) == [second.job_id]
    assert (ledger.record(first.job_id), result_status(client, first)) == (None, None)
    assert ledger.counts()[State.ERROR] == 1
    assert ledger.reopen(first.job_id, "message") == "unknown"


def test_a_letter_whose_id_is_submitted_again_is_a_letter_no_more(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = dead_letter(ledger, client)
    assert ledger.submit([job], ROUTE) == ["queued"]
    assert ledger.dead(10) == []
    ledger.finish(job.job_id, started(ledger, job), success(job))
    assert client.ttl(f"arbtune:job:{job.job_id}") > 0


def test_a_job_whose_child_died_before_it_started_is_published_again(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    client.delete(ROUTE.queue)  # the message went to the dead child
    assert ledger.requeue(job.job_id, Holder("w1"), failure(job), max_attempts=3) == "queued"
    assert ledger.due(10) == [(job.job_id, job.config, ROUTE, "")]


def test_what_a_worker_gives_back_is_due_at_once_and_was_no_attempt(ledger: Ledger) -> None:
    held, other = new_job(), new_job()
    ledger.submit([held, other], ROUTE)
    started(ledger, held, "w1")
    started(ledger, other, "w2")
    assert ledger.give_back("w1", [held.job_id, other.job_id]) == [held.job_id]
    record = ledger.record(held.job_id)
    assert record is not None
    assert (record.state, record.attempts) == (State.QUEUED, 0)
    assert [job_id for job_id, *_ in ledger.due(10)] == [held.job_id]
    assert state_of(ledger, other) is State.RUNNING


def test_a_start_that_was_given_back_can_be_told_from_the_next(ledger: Ledger) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    first = started(ledger, job)
    ledger.give_back("w1", [job.job_id])
    start = ledger.start(job.job_id, "w1", job.config, ROUTE)
    assert start is not None
    assert (start.holder.start, start.attempts) == (2, 1)
    assert ledger.finish(job.job_id, first, failure(job)) == "refused"


def test_a_worker_that_was_cut_off_gives_back_what_has_lapsed_meanwhile(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    started(ledger, job, "cut off")
    lease_ended(client, job)
    ledger.lapse(10, LOST, max_deaths=5)
    started(ledger, job, "next")
    for _ in range(2):
        assert ledger.give_back("cut off", [job.job_id]) == []
        record = ledger.record(job.job_id)
        assert record is not None
        assert (record.state, record.worker, record.attempts) == (State.RUNNING, "next", 1)
    lease_ended(client, job)
    assert ledger.lapse(10, LOST, max_deaths=2) == [(job.job_id, "queued", "next")], "the first"


# -- leases and lost messages


def lease_ended(client: redis.Redis, job: Submission) -> None:
    client.zadd("arbtune:jobs:running", {job.job_id: 1})


def test_a_job_whose_lease_is_gone_returns_to_the_queue(
    ledger: Ledger, client: redis.Redis
) -> None:
    gone, held = new_job(), new_job()
    ledger.submit([gone, held], ROUTE)
    late = started(ledger, gone, "dead")
    started(ledger, held, "alive")
    lease_ended(client, gone)
    assert ledger.lapse(10, LOST, max_deaths=5) == [(gone.job_id, "queued", "dead")]
    assert ledger.lapse(10, LOST, max_deaths=5) == []
    record = ledger.record(gone.job_id)
    assert record is not None
    assert [(entry.worker, entry.error) for entry in record.history] == [("dead", LOST)]
    assert [job_id for job_id, *_ in ledger.due(10)] == [gone.job_id]
    assert ledger.finish(gone.job_id, late, failure(gone)) == "refused"
    ledger.publish(gone.job_id, "again")
    assert started(ledger, gone, "next").start == 2


def test_a_job_that_kills_worker_after_worker_is_handed_over_to_be_ended(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    started(ledger, job, "dead")
    lease_ended(client, job)
    assert ledger.lapse(10, LOST, max_deaths=1) == [(job.job_id, "exhausted", "dead")]
    assert ledger.lapse(10, LOST, max_deaths=1) == []
    assert ledger.finish(job.job_id, Holder("dead"), failure(job)) == "error"


def real_job(number: int = 0) -> Submission:
    """A job whose message can be read from the queue."""
    job_id = f"real-{number}-{uuid.uuid4()}"
    return Submission(job_id, "{}", job_message(job_id, "{}", ROUTE))


def test_a_job_that_waits_behind_others_is_not_suspect(ledger: Ledger) -> None:
    jobs = [real_job(number) for number in range(20)]
    ledger.submit(jobs, ROUTE)
    assert ledger.suspects(100) == set()


@pytest.mark.parametrize("others", [0, 3])
def test_a_job_whose_message_is_gone_is_suspect_and_published_again_once(
    ledger: Ledger, client: redis.Redis, others: int
) -> None:
    lost = real_job()
    ledger.submit([lost], ROUTE)
    client.delete(ROUTE.queue)
    client.zadd(f"arbtune:waiting:{ROUTE.queue}", {lost.job_id: 1})  # a while ago
    ledger.submit([real_job(number) for number in range(others)], ROUTE)
    assert ledger.suspects(100) == {lost.job_id}
    ledger.make_due([lost.job_id])
    assert ledger.suspects(100) == set(), "it is due now"
    [(job_id, config, route, canvas)] = ledger.due(10)
    ledger.publish(job_id, job_message(job_id, config, route, canvas))
    assert client.llen(ROUTE.queue) == others + 1
    assert ledger.suspects(100) == set()


def test_a_head_that_is_left_over_makes_nothing_suspect(
    ledger: Ledger, client: redis.Redis
) -> None:
    waits, done = real_job(1), real_job(2)
    ledger.submit([waits], ROUTE)
    client.zadd(f"arbtune:waiting:{ROUTE.queue}", {waits.job_id: 1})
    ledger.submit([done], ROUTE)
    started(ledger, done)
    client.rpush(ROUTE.queue, done.message)  # its message once more, in front of all
    assert ledger.suspects(100) == set()


def test_a_lost_message_is_found_however_many_wait_in_another_queue(
    ledger: Ledger, client: redis.Redis
) -> None:
    ledger.submit([real_job(number) for number in range(20)], ROUTE)
    other = Route("contract-task", "another-queue")
    lost = real_job()
    ledger.submit([lost], other)
    client.delete(other.queue)
    assert ledger.suspects(5) == {lost.job_id}


def test_rubbish_at_the_head_of_the_queue_makes_nothing_suspect(
    ledger: Ledger, client: redis.Redis
) -> None:
    ledger.submit([real_job()], ROUTE)
    for rubbish in ("no json", "[]", '{"headers": 5}', '{"headers": {}}'):
        client.delete(ROUTE.queue)
        client.lpush(ROUTE.queue, rubbish)
        assert ledger.suspects(100) == set()


def test_a_clock_that_is_put_back_makes_nothing_suspect(
    ledger: Ledger, client: redis.Redis
) -> None:
    """Jobs of an hour that is yet to come stand in the queue, and newer ones behind them."""
    jobs = [real_job(number) for number in range(10)]
    ledger.submit(jobs[:5], ROUTE)
    waiting = f"arbtune:waiting:{ROUTE.queue}"
    for job in jobs[:5]:
        client.zincrby(waiting, 3_600_000, job.job_id)
    ledger.submit(jobs[5:], ROUTE)
    ids: Any = client.zrange(waiting, 0, -1)
    assert [job_id.decode() for job_id in ids] == [job.job_id for job in jobs]
    assert ledger.suspects(100) == set()
    client.lrem(ROUTE.queue, 1, jobs[1].message)
    for job in (jobs[0], jobs[2]):
        client.rpop(ROUTE.queue)
        started(ledger, job)
    assert ledger.suspects(100) == {jobs[1].job_id}


def test_a_lost_message_behind_a_foreign_backlog_that_never_ends_is_found(
    ledger: Ledger, client: redis.Redis
) -> None:
    foreign = [real_job(number) for number in range(200)]
    here, lost = real_job(1), real_job(2)
    found = []
    client.lpush(ROUTE.queue, *(job.message for job in foreign[:50]))
    ledger.submit([lost], ROUTE)
    client.lrem(ROUTE.queue, 1, lost.message)
    for number in range(100):  # one is taken and another one comes
        client.rpop(ROUTE.queue)
        started(ledger, foreign[number])
        client.lpush(ROUTE.queue, foreign[number + 50].message)
        found.append(ledger.suspects(100))
    first = found.index({lost.job_id})
    assert found[:first] == [set()] * first
    assert first >= 50, "not before what was published before it has been taken"
    assert found[first:] == [{lost.job_id}] * (len(found) - first), "twice in a row, and more"
    ledger.make_due([lost.job_id])
    ledger.submit([here], ROUTE)
    assert ledger.suspects(100) == set()
    assert 0 < client.zcard(f"arbtune:marks:{ROUTE.queue}") <= 16
    assert 0 < client.ttl(f"arbtune:marks:{ROUTE.queue}") <= 86_400


def test_jobs_behind_a_foreign_backlog_whose_clock_is_put_back_are_not_suspect(
    ledger: Ledger, client: redis.Redis
) -> None:
    foreign = [real_job(number) for number in range(10)]
    client.lpush(ROUTE.queue, *(job.message for job in foreign[:2]))
    ledger.submit([real_job(0)], ROUTE)
    client.lpush(ROUTE.queue, foreign[2].message)
    assert ledger.suspects(100) == set()
    marks = f"arbtune:marks:{ROUTE.queue}"
    client.zincrby(marks, 3_600_000, foreign[2].job_id)  # marked before the clock was put back
    ledger.submit([real_job(1)], ROUTE)
    client.lpush(ROUTE.queue, foreign[3].message)
    scores: Any = client.zrange(f"arbtune:waiting:{ROUTE.queue}", 0, -1, withscores=True)
    assert scores[-1][1] > client.zscore(marks, foreign[2].job_id)


def test_one_worker_at_a_time_reconciles(
    ledger: Ledger, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.ledger.ledger.LEAD_MS", 3_600_000)
    assert ledger.lead("w1")
    assert not ledger.lead("w2")
    assert ledger.lead("w1"), "for as long as it says so"
    assert 0 < client.pttl("arbtune:reconciler") <= 3_600_000
    client.delete("arbtune:reconciler")  # it has not said so for a while
    assert ledger.lead("w2")
    assert not ledger.lead("w1")


# -- cancelling


def test_a_cancelled_job_never_starts(ledger: Ledger, client: redis.Redis) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    assert ledger.cancel(job.job_id, cancelled_meta(job.job_id)) is State.CANCELLED
    assert ledger.start(job.job_id, "w1", job.config, ROUTE) is None
    assert result_status(client, job) == "REVOKED"


def test_a_worker_learns_from_its_renewal_that_a_job_was_cancelled(ledger: Ledger) -> None:
    runs, waits, ended, cancelled = jobs = [new_job() for _ in range(4)]
    ledger.submit(jobs, ROUTE)
    for job in (runs, ended, cancelled):
        holder = started(ledger, job)
        if job is ended:
            ledger.finish(job.job_id, holder, success(job))
    ledger.cancel(cancelled.job_id, cancelled_meta(cancelled.job_id))
    assert ledger.renew("w1", [job.job_id for job in jobs]) == [cancelled.job_id]
    assert state_of(ledger, waits) is State.QUEUED


def test_a_renewal_extends_the_lease(ledger: Ledger, client: redis.Redis) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    started(ledger, job)
    client.zadd("arbtune:jobs:running", {job.job_id: 1})
    before_ms = now_ms(client)
    ledger.renew("w1", [job.job_id])
    score: Any = client.zscore("arbtune:jobs:running", job.job_id)
    assert before_ms <= score - LEASE_S * 1000 <= now_ms(client)


# -- questions


def test_jobs_are_counted_and_listed_by_state(ledger: Ledger) -> None:
    jobs = [new_job() for _ in range(4)]
    ledger.submit(jobs, ROUTE)
    ledger.finish(jobs[0].job_id, started(ledger, jobs[0]), success(jobs[0]))
    ledger.finish(jobs[1].job_id, started(ledger, jobs[1]), failure(jobs[1]))
    ledger.cancel(jobs[2].job_id, cancelled_meta(jobs[2].job_id))
    assert ledger.counts() == {
        State.QUEUED: 1,
        State.RUNNING: 0,
        State.SUCCESS: 1,
        State.ERROR: 1,
        State.CANCELLED: 1,
    }
    assert ledger.newest(State.SUCCESS, 5) == [jobs[0].job_id]
    assert ledger.newest(State.QUEUED, 5) == [jobs[3].job_id]


def test_records_of_several_jobs_come_in_one_round_trip_in_order(ledger: Ledger) -> None:
    known, unknown = new_job(), new_job()
    ledger.submit([known], ROUTE)
    first, second = ledger.records([unknown.job_id, known.job_id])
    assert first is None
    assert second is not None
    assert second.job_id == known.job_id


def test_every_key_has_a_lifetime_or_is_one_of_the_permanent_ones(
    ledger: Ledger, client: redis.Redis
) -> None:
    done, waiting = new_job(), new_job()
    ledger.submit([done, waiting], ROUTE)
    ledger.finish(done.job_id, started(ledger, done), success(done))
    keys: Any = client.keys("*")
    without = {key.decode() for key in keys if client.ttl(key) == -1}
    assert without == {
        ROUTE.queue,
        f"arbtune:job:{waiting.job_id}",
        "arbtune:jobs:queued",
        "arbtune:jobs:success",
        f"arbtune:waiting:{ROUTE.queue}",
        "arbtune:queues",
        "arbtune:counters",
    }


def test_every_key_has_a_name(ledger: Ledger, client: redis.Redis) -> None:
    cancelled, retried, last = jobs = [real_job(number) for number in range(3)]
    ledger.submit(jobs, ROUTE)
    started(ledger, cancelled)
    ledger.cancel(cancelled.job_id, cancelled_meta(cancelled.job_id))
    ledger.requeue(retried.job_id, started(ledger, retried), failure(retried), max_attempts=3)
    dead_letter(ledger, client)
    foreign = ledger.start("foreign", "w1", "{}", ROUTE, canvas="{}")
    assert foreign is not None
    ledger.finish("foreign", foreign.holder, success(last))
    ledger.lead("w1")
    client.rpush(ROUTE.queue, "a head that tells nothing")
    client.lpush(ROUTE.queue, last.message)
    ledger.suspects(1)  # which leaves a mark
    announce(client, own_presence(concurrency=1), [])
    beginnings = [
        held.removesuffix("{}") for name, held in vars(names).items() if name.endswith("_KEY")
    ]
    keys: Any = client.keys("*")
    found = {
        next((name for name in beginnings if key.startswith(name)), key)
        for key in map(bytes.decode, keys)
    }
    assert found == {*beginnings, ROUTE.queue}


@pytest.mark.parametrize(
    ("seconds", "bound"), [(5, "10"), (30, "60"), (200, "300"), (1_000, "inf")]
)
def test_a_run_counts_under_the_least_bound_that_holds_it(
    ledger: Ledger, client: redis.Redis, seconds: int, bound: str
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    holder = started(ledger, job)
    began_ms = now_ms(client) - seconds * 1000
    client.hset(JOB_KEY.format(job.job_id), "started_ms", began_ms)
    ledger.finish(job.job_id, holder, success(job))
    counted: Any = client.hgetall(COUNTERS_KEY)
    runs = {COUNT_RUNS.format(each).encode() for each in RUN_SECONDS}
    assert runs & counted.keys() == {COUNT_RUNS.format(bound).encode()}
    assert int(counted[COUNT_RUN_MS.encode()]) >= seconds * 1000


# -- a full server


def test_a_full_server_refuses_new_jobs_and_brings_the_known_ones_to_their_end(
    ledger: Ledger, client: redis.Redis
) -> None:
    if isinstance(client, fakeredis.FakeRedis):
        pytest.skip("fakeredis is never full")
    done, fails, returned, gone, waits, revived = jobs = [real_job(number) for number in range(6)]
    ledger.submit(jobs, ROUTE)
    dead = dead_letter(ledger, client)
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            ledger.submit([new_job(), new_job()], ROUTE)
        assert ledger.reopen(dead.job_id, dead.message) == "queued"
        assert ledger.finish(done.job_id, started(ledger, done), success(done)) == "success"
        holder = started(ledger, fails)
        assert ledger.requeue(fails.job_id, holder, failure(fails), max_attempts=1) == "error"
        started(ledger, returned)
        assert ledger.renew("w1", [returned.job_id]) == []
        assert ledger.give_back("w1", [returned.job_id]) == [returned.job_id]
        started(ledger, gone)
        ledger.renew("w1", [gone.job_id], lease_s=-1)
        assert len(ledger.lapse(10, LOST, max_deaths=5)) == 1
        assert ledger.lead("w1")
        ledger.make_due([revived.job_id])
        ledger.publish(revived.job_id, revived.message)
        assert ledger.cancel(waits.job_id, cancelled_meta(waits.job_id)) is State.CANCELLED
        assert ledger.start("foreign", "w1", "{}", ROUTE) is not None
    finally:
        client.config_set("maxmemory", 0)
    assert ledger.counts()[State.QUEUED] == 4


# -- what comes after a job

CANVAS = '{"headers": {}, "embed": {"chain": []}}'


def owed_now(ledger: Ledger, client: redis.Redis) -> list[str]:
    ids: Any = client.zrange("arbtune:owed", 0, -1)
    if ids:
        client.zadd("arbtune:owed", dict.fromkeys(ids, 1))  # their time has come
    return ledger.owed(10)


@pytest.mark.parametrize("outcome", [State.SUCCESS, State.ERROR, State.CANCELLED])
def test_what_comes_after_a_foreign_job_is_owed_from_its_outcome_until_it_is_settled(
    ledger: Ledger, client: redis.Redis, outcome: State
) -> None:
    job = new_job()
    start = ledger.start(job.job_id, "w1", job.config, ROUTE, CANVAS)
    assert start is not None
    ledger.give_back("w1", [job.job_id])
    assert ledger.due(10) == [(job.job_id, job.config, ROUTE, CANVAS)], "it goes out again"
    ledger.publish(job.job_id, "again")
    holder = started(ledger, job)
    assert owed_now(ledger, client) == []
    if outcome is State.CANCELLED:
        ledger.cancel(job.job_id, cancelled_meta(job.job_id))
    else:
        ended = success(job) if outcome is State.SUCCESS else failure(job)
        ledger.finish(job.job_id, holder, ended)
    assert owed_now(ledger, client) == [job.job_id]
    kept = ledger.canvas(job.job_id)
    assert kept is not None
    assert kept[:2] == (CANVAS, outcome)
    ledger.settled(job.job_id)
    assert (owed_now(ledger, client), ledger.canvas(job.job_id)) == ([], None)


def test_a_job_that_ends_before_it_starts_is_owed_what_comes_after_too(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    outcome = Outcome(State.CANCELLED, cancelled_meta(job.job_id), canvas=CANVAS)
    ledger.finish(job.job_id, Holder("w1"), outcome)
    assert owed_now(ledger, client) == [job.job_id]


def test_a_job_without_a_canvas_is_owed_nothing(ledger: Ledger, client: redis.Redis) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    ledger.finish(job.job_id, started(ledger, job), success(job))
    assert owed_now(ledger, client) == []


def test_a_dead_letter_keeps_what_comes_after_for_its_retry(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    start = ledger.start(job.job_id, "w1", job.config, ROUTE, CANVAS)
    assert start is not None
    ledger.requeue(job.job_id, start.holder, failure(job), max_attempts=1)
    assert owed_now(ledger, client) == [job.job_id]
    ledger.settled(job.job_id)
    assert ledger.payload(job.job_id) == (job.config, ROUTE, CANVAS)
    ledger.reopen(job.job_id, "again")
    ledger.finish(job.job_id, started(ledger, job), success(job))
    assert owed_now(ledger, client) == [job.job_id]


def test_the_next_of_a_canvas_is_known_before_it_is_published(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    ledger.expect(job.job_id, job.config, ROUTE, CANVAS)
    assert state_of(ledger, job) is State.QUEUED
    assert messages(client) == []
    assert ledger.suspects(10) == {job.job_id}, "nobody has published it"
    ledger.make_due([job.job_id])
    assert ledger.due(10) == [(job.job_id, job.config, ROUTE, CANVAS)]
    holder = started(ledger, job)
    assert holder.start == 1
    ledger.finish(job.job_id, holder, success(job))
    ledger.expect(job.job_id, job.config, ROUTE, CANVAS)
    assert state_of(ledger, job) is State.SUCCESS, "once"


# -- what is forgotten, and what was cancelled while it ran


def test_a_forgotten_job_has_no_result_and_starts_by_no_late_delivery(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    ledger.finish(job.job_id, started(ledger, job), success(job))
    assert ledger.have_results([job.job_id]) == [True]
    ledger.forget([job.job_id])
    assert client.hgetall(f"arbtune:job:{job.job_id}").keys().isdisjoint(PAYLOAD)
    assert 86_000 < client.ttl(f"arbtune:job:{job.job_id}") <= 86_400, "longer than its result"
    assert ledger.have_results([job.job_id]) == [False]
    assert result_status(client, job) is None
    assert ledger.newest(State.SUCCESS, 5) == []
    assert ledger.start(job.job_id, "w2", job.config, ROUTE) is None
    assert ledger.submit([job], ROUTE) == ["queued"], "but it may be sent again"
    assert started(ledger, job).generation == 2


def test_a_letter_that_is_forgotten_stays_for_a_day_and_no_longer(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = dead_letter(ledger, client)
    ledger.forget([job.job_id])
    assert ledger.dead(10) == ledger.newest(State.ERROR, 10) == []
    assert client.hgetall(f"arbtune:job:{job.job_id}").keys().isdisjoint(PAYLOAD)
    assert 86_000 < client.ttl(f"arbtune:job:{job.job_id}") <= 86_400
    assert ledger.start(job.job_id, "w2", job.config, ROUTE) is None


def test_an_open_job_is_not_forgotten(ledger: Ledger) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    ledger.forget([job.job_id])
    assert state_of(ledger, job) is State.QUEUED
    started(ledger, job)


def test_a_job_that_was_cancelled_while_it_ran_starts_anew_when_its_child_is_ended(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    ledger.submit([job], ROUTE)
    started(ledger, job)
    ledger.cancel(job.job_id, cancelled_meta(job.job_id))
    assert 0 < client.pttl(f"arbtune:ending:{job.job_id}") <= LEASE_S * 1000, (
        "its worker may be dead too"
    )
    assert ledger.submit([job], ROUTE) == ["queued"]
    assert ledger.start(job.job_id, "w2", job.config, ROUTE) is None, "its child still runs"
    assert client.zscore("arbtune:due", job.job_id) is not None, "so its message comes again"
    assert client.zscore(f"arbtune:waiting:{ROUTE.queue}", job.job_id) is None
    assert ledger.renew("w2", [job.job_id]) == [], "which is the other worker's to end"
    for _ in range(2):  # the first answer may have been lost
        assert ledger.renew("w1", [job.job_id]) == [job.job_id]
    ledger.ended("w2", [job.job_id])
    assert ledger.start(job.job_id, "w2", job.config, ROUTE) is None, "it was not w2's to end"
    ledger.ended("w1", [job.job_id])
    assert started(ledger, job, "w2").generation == 2


def test_a_submission_removes_the_result_of_a_job_that_the_ledger_never_met(
    ledger: Ledger, client: redis.Redis
) -> None:
    job = new_job()
    client.set(RESULT_KEY.format(job.job_id), json.dumps(cancelled_meta(job.job_id)))
    ledger.submit([job], ROUTE)
    assert result_status(client, job) is None
