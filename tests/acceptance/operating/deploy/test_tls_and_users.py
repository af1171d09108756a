"""Workers and clients on a server with TLS and the users of `deploy/redis/redis.conf`."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from celery import Celery

from tests.conftest import (
    JOB,
    PATIENCE_S,
    WorkerProcess,
    ledger_at,
    quotes_csv,
    running_worker,
    wait_until,
)
from tests.helpers import commands
from tests.helpers.servers.tls import issue_certificates, tls_in_front_of
from worker.client.embedded import embedded_server
from worker.ledger.ledger import State

ROOT = Path(__file__).resolve().parents[4]
USERS = re.findall(
    r"^user (\S+) (.*)$",
    (ROOT / "deploy/redis/redis.conf").read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)
PASSWORD = "hush-hush"  # noqa: S105


@dataclass
class Deployment:
    """A server with TLS and users, and a worker on it."""

    admin_url: str
    client_url: str
    worker: WorkerProcess

    def refusals(self) -> list[tuple[str, str]]:
        """What the server refused a user: who, and which command, key or channel."""
        entries: Any = redis.Redis.from_url(self.admin_url).acl_log()
        return [(entry["username"], entry["object"]) for entry in entries]

    def arbtune(self, *arguments: str, url: str = "") -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "ARBTUNE_REDIS_URL": url or self.client_url}
        return commands.arbtune(*arguments, environment=environment)


@pytest.fixture(scope="module")
def place_of_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data root, the certificates, the worker's log."""
    return tmp_path_factory.mktemp("deployment")


@pytest.fixture(scope="module")
def deployment(place_of_files: Path) -> Iterator[Deployment]:
    """One for all tests; the first wants to see that nothing was refused yet."""
    with embedded_server() as url:
        yield from deployed(url, place_of_files)


def deployed(server_url: str, folder: Path) -> Iterator[Deployment]:
    """The deployment for as long as it is used, its files in the folder."""
    (folder / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    server: Any = redis.Redis.from_url(server_url)
    # The test keeps a way in of its own; `user default off` is the file's.
    server.execute_command("ACL", "SETUSER", "admin", "on", ">admin", "~*", "&*", "+@all")
    admin_url = server_url.replace("redis://", "redis://admin:admin@")
    admin: Any = redis.Redis.from_url(admin_url)
    for name, rule in USERS:
        rights = rule.replace("WORKER_PASSWORD", PASSWORD).replace("CLIENT_PASSWORD", PASSWORD)
        admin.execute_command("ACL", "SETUSER", name, *rights.split())
    with tls_in_front_of(server_url, issue_certificates(folder)) as port:
        # A plain Celery client wants to be told that certificates are checked.
        checked = f"ssl_cert_reqs=required&ssl_ca_certs={folder / 'ca.crt'}"
        place = f"127.0.0.1:{port}/0?{checked}"
        worker_url, client_url = (
            f"rediss://arbtune-{role}:{PASSWORD}@{place}" for role in ("worker", "client")
        )
        with running_worker(worker_url, folder, folder / "log", lease_s="3") as worker:
            yield Deployment(admin_url, client_url, worker)


def flags(job: dict[str, object]) -> list[str]:
    return [
        part for name, value in job.items() for part in (f"--{name.replace('_', '-')}", str(value))
    ]


def test_a_worker_and_clients_need_no_more_than_their_rights(deployment: Deployment) -> None:
    sent = deployment.arbtune("enqueue", *flags(JOB), "--job-id", "one", "--wait", "--json")
    assert json.loads(sent.stdout)["status"] == "success", sent.stderr
    for command in (["jobs"], ["status", "one"], ["result", "one"]):
        assert deployment.arbtune(*command).returncode == 0
    assert "it had ended already" in deployment.arbtune("cancel", "one").stdout

    foreign = Celery(broker=deployment.client_url, backend=deployment.client_url)
    job = foreign.send_task("worker.tasks.run_tuning_job", args=[JOB])
    assert job.get(timeout=PATIENCE_S)["total_trades"] == 10

    # A message that got lost brings the reconciler's rights into play, a cut connection kombu's.
    ledger = ledger_at(deployment.admin_url)
    admin: Any = redis.Redis.from_url(deployment.admin_url)
    os.kill(deployment.worker.process.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: not admin.info("clients")["blocked_clients"], "it asks for no message")
        deployment.arbtune("enqueue", *flags(JOB), "--job-id", "lost")
        admin.delete("celery")
    finally:
        os.kill(deployment.worker.process.pid, signal.SIGCONT)
    admin.client_kill_filter(user="arbtune-worker")

    def has_run() -> bool:
        record = ledger.record("lost")
        return record is not None and record.state is State.SUCCESS

    wait_until(has_run, "the lost message is published again")
    assert deployment.refusals() == []


def test_neither_user_may_read_or_do_what_is_not_theirs(deployment: Deployment) -> None:
    client: Any = redis.Redis.from_url(deployment.client_url)
    worker: Any = redis.Redis.from_url(deployment.client_url.replace("-client", "-worker"))
    for user in (client, worker):
        for command in ("FLUSHALL", "KEYS *", "CONFIG GET *", "ACL LIST", "GET other", "SHUTDOWN"):
            with pytest.raises(redis.exceptions.NoPermissionError):
                user.execute_command(*command.split())
    for command in ("HGETALL unacked", "PUBLISH /0.celery.pidbox x"):
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.execute_command(*command.split())


def test_the_password_is_in_no_log_error_result_or_title(deployment: Deployment) -> None:
    sent = deployment.arbtune("enqueue", *flags({**JOB, "data_file": "no.csv"}), "--wait", "--json")
    said = [sent.stdout, sent.stderr, deployment.worker.log_text()]
    wrong = deployment.client_url.replace("arbtune-client", "nobody")
    refused = deployment.arbtune("status", "x", url=wrong)
    assert refused.stderr.count("\n") == 1
    assert "refuses the user or password" in refused.stderr
    away = deployment.arbtune("status", "x", url=wrong.replace("ssl_ca_certs", "ssl_certfile"))
    said += [refused.stderr, away.stderr]
    main = psutil.Process(deployment.worker.process.pid)
    said += [" ".join(process.cmdline()) for process in (main, *main.children(recursive=True))]
    admin = redis.Redis.from_url(deployment.admin_url)
    said += [str(admin.dump(key)) for key in admin.scan_iter("*")]
    assert not [text for text in said if PASSWORD in text]


def test_a_certificate_of_a_stranger_is_refused_in_a_sentence(
    deployment: Deployment, place_of_files: Path, tmp_path: Path
) -> None:
    issue_certificates(tmp_path)
    url = deployment.client_url.replace(str(place_of_files), str(tmp_path))
    answer = deployment.arbtune("status", "x", url=url)
    assert answer.returncode == 1
    assert answer.stderr.startswith("arbtune: the certificate of Redis at rediss://127.0.0.1:")
    assert answer.stderr.count("\n") == 1
