"""Jobs of a plain Celery client: their figures, their failures, their ends."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import TaskRevokedError

from scripts import run_arbitrage_tuning
from tests.acceptance.queue.jobs.asked import Arbtune, flags
from tests.conftest import JOB, PATIENCE_S, WorkerProcess, ledger_at, wait_until
from worker.client.jobs.sending import submission
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.envelope import JOBS
from worker.ledger.ledger import State


def comparable(metrics: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metrics.items() if name != "runtime_seconds"}


FOREIGN_PROGRAM = """
import json, os, sys
from celery import Celery
from celery.exceptions import TaskRevokedError
url = os.environ["ARBTUNE_REDIS_URL"]
app = Celery(broker=url, backend=url)
job = app.send_task("worker.tasks.run_tuning_job", args=[json.loads(sys.argv[1])])
print(json.dumps(job.get()))
assert not [name for name in sys.modules if name.split(".")[0] in ("worker", "arbitrage")]
"""


@pytest.mark.usefixtures("worker")
def test_a_plain_celery_client_gets_the_metrics_of_the_command_line(
    environment: dict[str, str],
    data_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    foreign = subprocess.run(
        [sys.executable, "-c", FOREIGN_PROGRAM, json.dumps(JOB)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert foreign.returncode == 0, foreign.stderr
    monkeypatch.chdir(data_root)
    assert run_arbitrage_tuning.main(flags(JOB)) == 0
    from_queue = comparable(json.loads(foreign.stdout))
    assert from_queue == comparable(json.loads(capsys.readouterr().out)["metrics"])
    assert from_queue["total_trades"] == 10


BAD_PAYLOADS = {
    "a missing file": ([{**JOB, "data_file": "nope.csv"}], "Data file not found: nope.csv"),
    "an unknown field": ([{**JOB, "surprise": 1}], "unknown field 'surprise'"),
    "a NaN": ([{**JOB, "min_spread_bps": float("nan")}], "must be a finite number"),
    "a path outside the root": ([{**JOB, "data_file": "../x.csv"}], "outside the data root"),
    "an absolute path": ([{**JOB, "data_file": "/etc/passwd"}], "outside the data root"),
    "a folder": ([{**JOB, "data_file": "folder"}], "folder"),
    "a binary file": ([{**JOB, "data_file": "binary.csv"}], "binary.csv"),
    "a NUL in the path": ([{**JOB, "data_file": "a\0b"}], "data_file"),
    "1 MB": ([{**JOB, "tag": "x" * 2**20}], "at most 65,536"),
    "no object": ([[1, 2, 3]], "the job must be a JSON object"),
    "no argument": ([], "the task takes one argument"),
    "two arguments": ([JOB, JOB], "the task takes one argument"),
}


@pytest.mark.parametrize("case", BAD_PAYLOADS)
def test_a_bad_payload_fails_at_once_with_a_sentence_and_the_worker_lives_on(
    case: str,
    client: Celery,
    worker: WorkerProcess,
    data_root: Path,
    redis_url: str,
    arbtune: Arbtune,
) -> None:
    (data_root / "folder").mkdir(exist_ok=True)
    (data_root / "binary.csv").write_bytes(bytes(range(256)) * 64)
    payload, sentence = BAD_PAYLOADS[case]
    job = client.send_task("worker.tasks.run_tuning_job", args=payload)
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        job.get(timeout=PATIENCE_S)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)

    result = arbtune("result", job.id)
    assert result.returncode == 1
    document = json.loads(result.stdout, parse_constant=pytest.fail)
    assert document["status"] == "error"
    assert sentence in document["error"]["message"]
    assert document["error"]["retryable"] is False
    assert document["error"]["attempts"] == 1
    record = ledger_at(redis_url).record(job.id)
    assert record is not None
    assert record.state is State.ERROR
    assert worker.process.poll() is None
    good = client.send_task("worker.tasks.run_tuning_job", args=[JOB])
    assert good.get(timeout=PATIENCE_S)["total_trades"] == 10


@pytest.mark.usefixtures("worker")
def test_a_job_whose_sender_ignores_its_result_has_an_outcome_all_the_same(
    client: Celery, redis_url: str
) -> None:
    ledger = ledger_at(redis_url)
    for job, state in ((JOB, State.SUCCESS), ({**JOB, "data_file": "nope"}, State.ERROR)):
        sent = client.send_task("worker.tasks.run_tuning_job", args=[job], ignore_result=True)

        def has_ended(job_id: str = sent.id, expected: State = state) -> bool:
            record = ledger.record(job_id)
            return record is not None and record.state is expected

        wait_until(has_ended, f"the job is recorded as {state}")


@pytest.mark.usefixtures("worker")
def test_a_job_that_expired_before_it_started_is_cancelled_and_recorded(
    client: Celery, arbtune: Arbtune, redis_url: str
) -> None:
    job = client.send_task("worker.tasks.run_tuning_job", args=[JOB], expires=-1)
    with pytest.raises(TaskRevokedError):
        job.get(timeout=PATIENCE_S)
    assert json.loads(arbtune("result", job.id).stdout)["status"] == "cancelled"
    record = ledger_at(redis_url).record(job.id)
    assert record is not None
    assert (record.state, record.attempts) == (State.CANCELLED, 0)


def test_a_finished_id_that_a_plain_client_sends_again_keeps_its_result(
    client: Celery, worker: WorkerProcess
) -> None:
    job_id = str(uuid.uuid4())
    name = "worker.tasks.run_tuning_job"
    first = client.send_task(name, args=[JOB], task_id=job_id).get(timeout=PATIENCE_S)
    again = client.send_task(name, args=[{**JOB, "min_spread_bps": 90.0}], task_id=job_id)
    wait_until(
        lambda: job_id in [event["job_id"] for event in worker.events("job.dropped")],
        "the second delivery is dropped",
    )
    assert again.get(timeout=PATIENCE_S) == first


@pytest.mark.usefixtures("worker")
def test_an_id_that_celery_revoked_is_cancelled_again_and_one_of_arbtune_cancel_is_not(
    client: Celery, redis_url: str
) -> None:
    ledger = ledger_at(redis_url)
    revoked, cancelled = submission(JOB), submission(JOB)
    client.control.revoke(revoked.job_id)
    known = client.control.inspect().revoked
    wait_until(
        lambda: any(revoked.job_id in ids for ids in (known() or {}).values()), "it is revoked"
    )
    ledger.submit([cancelled], JOBS)
    ledger.cancel(cancelled.job_id, cancelled_meta(cancelled.job_id))
    ledger.submit([revoked, cancelled], JOBS)
    wait_until(lambda: None not in ledger.results([revoked.job_id, cancelled.job_id]), "both end")
    assert ledger.states([revoked.job_id, cancelled.job_id]) == [State.CANCELLED, State.SUCCESS]
