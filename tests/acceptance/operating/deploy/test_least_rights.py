"""The rights of the worker's user in `deploy/redis/redis.conf`: without any of them, less works."""

from __future__ import annotations

import re
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import redis
from celery import Celery

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.sweep import SweepSpec
from tests.conftest import (
    JOB,
    PATIENCE_S,
    WorkerProcess,
    quotes_csv,
    running_worker,
    wait_until,
)
from tests.helpers.inputs.sweeps import spec
from worker.client.jobs.sending import send, submission
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.envelope import CHUNKS
from worker.ledger.ledger import Ledger, State
from worker.running.jobs.chunks import Chunk, of_spec

CONF = Path(__file__).resolve().parents[4] / "deploy/redis/redis.conf"
[RULE] = re.findall(
    r"^user arbtune-worker on >WORKER_PASSWORD (.*)$",
    CONF.read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)

_CALL = re.compile(r"\[\d+ (\S+)\] (.*)$", re.DOTALL)
_ARGUMENT = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


class Listener:
    """What others than `own` ask of a server, scripts included, from now on."""

    def __init__(self, url: str, own: str) -> None:
        self._own = own
        self._is_own = False
        self._calls: set[tuple[str, ...]] = set()
        self._client: Any = redis.Redis.from_url(url)
        self._connection: Any = self._client.connection_pool.get_connection()
        self._connection.send_command("MONITOR")  # type: ignore[no-untyped-call]
        self._connection.read_response()

    def has_heard(self, command: str) -> bool:
        """Whether somebody has asked for this by now."""
        while self._connection.can_read(timeout=0):
            self._listen()
        return any(call[0] == command for call in self._calls)

    def heard(self, last: str) -> set[tuple[str, ...]]:
        """All of it up to an `ECHO` of `last`; what is written is cut, which no right looks at."""
        while self._listen() != ("ECHO", last):
            pass
        self._client.close()
        return self._calls

    def _listen(self) -> tuple[str, ...]:
        """Take the next call, and note it if it is another's."""
        found = _CALL.search(self._connection.read_response().decode())
        assert found is not None
        call = tuple(word[:200] for word in _ARGUMENT.findall(found[2]))
        if found[1] != "lua":  # a script's calls come after its own
            self._is_own = found[1] == self._own
        if not self._is_own:
            self._calls.add(call)
        return call


def life_of(worker: WorkerProcess, worker_url: str, admin: Any, listener: Listener) -> None:
    """A job, a retry, a cancel, a chunk, Flower, a lost connection, a look at leases, the end."""
    ledger = Ledger(admin, result_ttl_s=3600, lease_s=15)

    def sent(tag: str) -> str:
        [[job_id]] = list(send(ledger, [submission({**JOB, "tag": tag})]))
        return job_id

    def wait_for(job_id: str, state: State) -> None:
        wait_until(lambda: ledger.states([job_id]) == [state], f"{job_id} is {state}")

    sent("eio")
    wait_for(cancelled := sent("until:/nowhere/at all"), State.RUNNING)
    ledger.cancel(cancelled, cancelled_meta(cancelled))
    sweep = of_spec(SweepSpec(**spec({"name": "min_spread_bps", "values": [1, 2]})))
    chunk = Chunk(spec=sweep, start=0, stop=2, data_sha256=None, engine_version=ENGINE_VERSION)
    ledger.submit([chunk.submission("chunk")], CHUNKS)
    wait_for("chunk", State.SUCCESS)

    flower = Celery(broker=worker_url, backend=worker_url)
    assert flower.control.inspect(timeout=PATIENCE_S, limit=1).ping()
    with flower.connection_for_read() as connection, suppress(TimeoutError):
        flower.events.Receiver(connection).capture(timeout=0.2, wakeup=False)

    admin.client_kill_filter(user="arbtune-worker")
    wait_for(sent("after"), State.SUCCESS)
    wait_until(lambda: listener.has_heard("INFO"), "the reconciler has looked at the server")
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(PATIENCE_S) == 0


def test_a_worker_makes_use_of_each_of_its_rights(own_redis_url: str, tmp_path: Path) -> None:
    (tmp_path / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    admin: Any = redis.Redis.from_url(own_redis_url, single_connection_client=True)
    admin.execute_command("ACL", "SETUSER", "arbtune-worker", "on", ">hush", *RULE.split())
    worker_url = own_redis_url.replace("redis://", "redis://arbtune-worker:hush@")
    listener = Listener(own_redis_url, admin.client_info()["addr"])
    with running_worker(
        worker_url, tmp_path, tmp_path / "log", poisonous=True, lease_s="3"
    ) as worker:
        life_of(worker, worker_url, admin, listener)
    admin.echo("the end")
    calls = listener.heard("the end")
    assert admin.acl_log() == []

    def is_refused_one(rule: list[str]) -> bool:
        admin.execute_command("ACL", "SETUSER", "trial", "reset", *rule)
        pipeline = admin.pipeline(transaction=False)
        for call in calls:
            pipeline.execute_command("ACL", "DRYRUN", "trial", *call)
        return any(answer != b"OK" for answer in pipeline.execute())

    rule = RULE.split()
    assert not is_refused_one(rule)
    rights = [item for item in rule if item[0] in "+~&"]
    unused = [item for item in rights if not is_refused_one([it for it in rule if it != item])]
    assert unused == []
