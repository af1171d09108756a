"""`sentinel://`: a worker and its clients follow three Sentinels to a replica that was promoted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from tests.conftest import JOB, PATIENCE_S, quotes_csv, running_worker, wait_until
from tests.helpers.servers.sentinels import MASTER, Group, sentinel_group
from worker.cli import main
from worker.client.jobs.sending import send, submission
from worker.ledger.connection import open_patient_ledger
from worker.ledger.ledger import State
from worker.settings import Settings

COUNT = 40

pytestmark = pytest.mark.xdist_group("sentinels")  # who would each start five servers


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    """For all tests; the last one kills its master."""
    with sentinel_group(tmp_path_factory.mktemp("group")) as running:
        yield running


def test_a_name_that_no_sentinel_knows_is_a_sentence(
    group: Group, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = group.url.replace(MASTER, "nobody").replace("sentinel://", "sentinel://u:secret@")
    monkeypatch.setenv("ARBTUNE_REDIS_URL", url)
    assert main(["jobs"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("arbtune: no Sentinel at sentinel://127.0.0.1:")
    assert "master=nobody names a master: check ARBTUNE_REDIS_URL" in told
    assert "secret" not in told
    assert told.count("\n") == 1


def test_a_replica_is_told_apart(
    group: Group, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARBTUNE_REDIS_URL", f"redis://127.0.0.1:{group.replica_port()}/0")
    assert main(["doctor", "--json"]) == 1
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["role"]["found"] == f"a replica of 127.0.0.1:{group.master_port()}"
    for name in ("role", "ledger"):
        assert "must name the master, or Sentinels: sentinel://" in checks[name]["remedy"]
    assert main(["dead", "purge", "--yes"]) == 0  # which has nothing to write
    assert main(["cancel", "nobody"]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"arbtune: Redis at redis://127.0.0.1:{group.replica_port()}/0 is a rep")
    monkeypatch.setenv("ARBTUNE_REDIS_URL", group.url)
    main(["doctor", "--json"])
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert (checks["role"]["ok"], checks["role"]["found"]) == (True, "a master with 1 replica")


def test_jobs_go_on_when_the_master_dies_and_a_replica_is_promoted(
    group: Group, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    monkeypatch.setenv("ARBTUNE_REDIS_URL", group.url)
    settings = Settings.from_environment()
    with running_worker(group.url, tmp_path, tmp_path / "worker.log") as worker:
        ledger = open_patient_ledger(settings)
        early, late = ([submission(JOB) for _ in range(COUNT)] for _ in range(2))
        list(send(ledger, early))
        assert ledger._client.wait(1, 10_000) == 1  # what the replica has not got would be lost
        old = group.kill_master()
        list(send(ledger, late))
        assert group.master_port() not in (old, None)
        job_ids = [job.job_id for job in [*early, *late]]
        wait_until(lambda: None not in ledger.results(job_ids), "all jobs have ended", 120)
        assert set(ledger.states(job_ids)) == {State.SUCCESS}
        assert plain_client(settings).get(timeout=PATIENCE_S)["total_trades"] == 10
        assert worker.process.poll() is None


def plain_client(settings: Settings) -> Any:
    """A job of a Celery client that knows the Sentinels, and nothing of this project."""
    assert settings.sentinels is not None
    url = settings.sentinels.broker_url
    app = Celery(broker=url, backend=url)
    app.conf.broker_transport_options = {"master_name": MASTER}
    app.conf.result_backend_transport_options = {"master_name": MASTER}
    return app.send_task("worker.tasks.run_tuning_job", args=[JOB])
