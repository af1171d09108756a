"""`arbtune enqueue` and its wait, while the server or the user changes their mind."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from urllib.parse import urlsplit

import redis

from tests.conftest import JOB, ledger_at
from tests.helpers.servers.durable import durable_server
from tests.helpers.servers.forked import ForkedArbtune
from worker.client.jobs.sending import BATCH
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.ledger import State
from worker.ledger.patience import TRIES_OF_A_PERSON


@contextmanager
def enqueueing(url: str, jobs: Path, *arguments: str, count: int) -> Iterator[ForkedArbtune]:
    """A command that sends so many jobs; nobody runs them."""
    jobs.write_text((json.dumps(JOB) + "\n") * count, encoding="utf-8")
    with ForkedArbtune(
        *("enqueue", "--jobs", str(jobs), *arguments),
        environment={**os.environ, "ARBTUNE_REDIS_URL": url},
        output=subprocess.PIPE,
        errors=subprocess.PIPE,
    ) as command:
        try:
            yield command
        finally:
            command.kill()


def texts(command: ForkedArbtune) -> tuple[str, str]:
    """The rest of what it writes to stdout and stderr."""
    out, err = command.communicate()
    return out.decode(), err.decode()


def sent_ids(command: ForkedArbtune, count: int) -> list[str]:
    """The ids that a wait says on stderr when they are confirmed."""
    assert command.stderr is not None
    lines = [command.stderr.readline().decode() for _ in range(count)]
    return [line.removeprefix("sent ").strip() for line in lines]


def test_a_wait_for_jobs_of_a_server_that_was_emptied_ends(
    own_redis_url: str, tmp_path: Path
) -> None:
    with enqueueing(own_redis_url, tmp_path / "jobs", "--wait", count=3) as command:
        job_ids = sent_ids(command, 3)
        assert set(job_ids) == set(ledger_at(own_redis_url).newest(State.QUEUED, 9))
        redis.Redis.from_url(own_redis_url).flushall()
        out, err = texts(command)
    assert command.returncode == 1
    assert out.splitlines() == [f"{job_id}  unknown" for job_id in job_ids]
    [told] = [line for line in err.splitlines() if "unknown" in line]
    assert told.startswith("arbtune: 3 of 3 jobs are unknown to the server")
    assert told.endswith(", ".join(job_ids))


def test_a_wait_outlasts_a_server_that_is_away_for_a_while(tmp_path: Path) -> None:
    with (
        durable_server("valkey", tmp_path) as server,
        enqueueing(server.url, tmp_path / "jobs", "--wait", count=2) as command,
    ):
        job_ids = sent_ids(command, 2)
        server.kill()
        with socket.create_server(("127.0.0.1", urlsplit(server.url).port or 0)) as port:
            port.settimeout(60)
            for _ in range(TRIES_OF_A_PERSON + 3):
                port.accept()[0].close()
        server.start()
        ledger = ledger_at(server.url)
        for job_id in job_ids:
            ledger.cancel(job_id, cancelled_meta(job_id))
        out, err = texts(command)
    assert command.returncode == 1
    assert "Redis" not in err
    assert out.splitlines() == [f"{job_id}  cancelled" for job_id in job_ids]


def test_ctrl_c_says_how_many_jobs_were_sent_and_their_ids_are_out(
    own_redis_url: str, tmp_path: Path
) -> None:
    with enqueueing(own_redis_url, tmp_path / "jobs", count=3 * BATCH) as command:
        assert command.stdout is not None
        # Less than the ids of a batch: the command stands in their midst until they are read.
        fcntl.fcntl(command.stdout, fcntl.F_SETPIPE_SZ, 4_096)
        select([command.stdout], [], [])
        command.send_signal(signal.SIGINT)
        out, err = texts(command)
    assert command.returncode == 130
    told, interrupted = err.splitlines()
    assert told == f"arbtune: {BATCH:,} of {3 * BATCH:,} jobs were sent and confirmed"
    assert interrupted == "arbtune: interrupted"
    printed = out.split()
    assert sorted(printed) == sorted(ledger_at(own_redis_url).newest(State.QUEUED, 9_999))
    assert len(printed) == BATCH
