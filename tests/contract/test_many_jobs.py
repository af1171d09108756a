"""What commands ask of a server that holds many jobs: never much at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from tests.conftest import JOB, ledger_at
from worker.cli import main
from worker.client.embedded import embedded_server
from worker.ledger.celery_meta import success_meta
from worker.ledger.ledger import State
from worker.ledger.names import DEAD_KEY, INDEX_KEY, JOB_KEY, RESULT_KEY
from worker.ledger.view import SLICE

JOBS = 5 * SLICE
RECORD = {"config": json.dumps(JOB), "generation": 1, "starts": 1}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server with many jobs that succeeded, and as many dead letters."""
    with embedded_server() as url:
        client: Any = redis.Redis.from_url(url)
        pipeline = client.pipeline(transaction=False)
        for number in range(JOBS):
            good, dead = f"good-{number}", f"dead-{number}"
            times = {"submitted_ms": number, "finished_ms": 2 * JOBS - number}
            pipeline.hset(JOB_KEY.format(good), mapping={"state": "success", **RECORD, **times})
            pipeline.hset(JOB_KEY.format(dead), mapping={"state": "error", **RECORD, **times})
            meta = success_meta(good, {"net_pnl_usd": float(number)})
            pipeline.set(RESULT_KEY.format(good), json.dumps(meta))
            pipeline.zadd(INDEX_KEY.format(State.SUCCESS), {good: number})
            pipeline.zadd(INDEX_KEY.format(State.ERROR), {dead: number})
            pipeline.zadd(DEAD_KEY, {dead: number})
        pipeline.execute()
        yield url


@pytest.fixture
def client(url: str, monkeypatch: pytest.MonkeyPatch) -> redis.Redis:
    monkeypatch.setenv("ARBTUNE_REDIS_URL", url)
    client = redis.Redis.from_url(url)
    client.config_resetstat()
    return client


def calls(client: redis.Redis, command: str) -> int:
    stats: Any = client.info("commandstats")
    return int(stats.get(f"cmdstat_{command}", {"calls": 0})["calls"])


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_all_jobs_are_listed_in_slices(
    form: list[str], client: redis.Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["jobs", "--state", "success", f"--limit={JOBS}", *form]) == 0
    lines = capsys.readouterr().out.splitlines()
    cells = [json.loads(line)["job_id"] if form else line.split("\t")[0] for line in lines]
    assert cells[0 if form else 1 :] == [f"good-{number}" for number in reversed(range(JOBS))]
    assert calls(client, "zrevrange") >= JOBS / SLICE
    assert calls(client, "mget") == (0 if form else JOBS / SLICE)


def test_the_first_lines_are_out_before_the_last_jobs_are_asked_after(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("worker.commands.jobs.listing._as_object", leave)
    assert main(["jobs", "--json", f"--limit={JOBS}"]) == 130
    assert calls(client, "hgetall") == SLICE


def test_all_dead_letters_are_listed_in_slices(
    client: redis.Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dead", "list", f"--limit={JOBS}"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split("\t")[0] for line in lines] == [
        f"dead-{number}" for number in reversed(range(JOBS))
    ]
    assert calls(client, "zrevrange") >= JOBS / SLICE


def test_a_sweep_is_looked_for_among_many_jobs_in_few_commands(
    url: str, client: redis.Redis
) -> None:
    assert ledger_at(url).with_prefix("sweep.", State) == []
    assert 1 <= calls(client, "zscan") <= 2 * JOBS / SLICE


def test_jobs_whose_records_have_expired_are_not_counted(url: str, client: redis.Redis) -> None:
    """Their ids stay in the index until the next job ends."""
    expired = [JOB_KEY.format(f"good-{number}") for number in range(SLICE + 1)]
    held: Any = [client.dump(key) for key in expired]
    client.delete(*expired)
    try:
        assert ledger_at(url).counts()[State.SUCCESS] == JOBS - SLICE - 1
        assert calls(client, "exists") <= 5
    finally:
        for key, record in zip(expired, held, strict=True):
            client.restore(key, 0, record)
    assert ledger_at(url).counts()[State.SUCCESS] == JOBS
