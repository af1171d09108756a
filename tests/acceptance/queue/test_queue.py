"""The main job through a real server and a real worker, seen from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from celery import Celery
from celery.exceptions import TaskRevokedError

from tests import commands
from tests.conftest import JOB, PATIENCE_S, WorkerProcess, ledger_at, wait_until
from tests.terminals import open_terminal, read_all
from worker.client.jobs.sending import submission
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.envelope import JOBS
from worker.ledger.ledger import State

Send = Callable[..., str]


@pytest.fixture
def environment(redis_url: str, data_root: Path) -> dict[str, str]:
    return {**os.environ, "ARBTUNE_REDIS_URL": redis_url, "ARBTUNE_DATA_ROOT": str(data_root)}


@pytest.fixture
def client(redis_url: str) -> Celery:
    """A Celery app that knows nothing of this project."""
    return Celery("somebody-else", broker=redis_url, backend=redis_url)


@pytest.fixture
def arbtune(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run one command of the product."""
    return partial(commands.arbtune, environment=environment)


def flags(job: dict[str, Any]) -> list[str]:
    return [
        part for name, value in job.items() for part in (f"--{name.replace('_', '-')}", str(value))
    ]


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
    environment: dict[str, str], data_root: Path, tmp_path: Path
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
    here = subprocess.run(
        [sys.executable, "-m", "scripts.run_arbitrage_tuning", *flags(JOB)],
        cwd=data_root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert here.returncode == 0, here.stderr
    from_queue = comparable(json.loads(foreign.stdout))
    assert from_queue == comparable(json.loads(here.stdout)["metrics"])
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
    arbtune: Callable[..., subprocess.CompletedProcess[str]],
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
    client: Celery, arbtune: Callable[..., subprocess.CompletedProcess[str]], redis_url: str
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


@pytest.mark.usefixtures("worker")
def test_a_job_by_flags_is_enqueued_asked_after_and_fetched(
    arbtune: Callable[..., subprocess.CompletedProcess[str]], data_root: Path
) -> None:
    job_id = f"by-flags-{uuid.uuid4()}"
    sent = arbtune("enqueue", *flags(JOB), "--tag", "one", "--job-id", job_id, "--wait")
    assert sent.returncode == 0, sent.stderr
    document = json.loads(sent.stdout)
    assert document["status"] == "success"
    assert document["config"]["tag"] == "one"
    assert document["config_summary"] == document["metrics"]["config_summary"]

    result = arbtune("result", job_id)
    assert (result.returncode, json.loads(result.stdout)) == (0, document)
    status = arbtune("status", job_id, "--json")
    assert json.loads(status.stdout)["status"] == "success"
    assert f"{job_id}  success" in arbtune("status", job_id).stdout
    listed = [json.loads(line) for line in arbtune("jobs", "--json").stdout.splitlines()]
    assert job_id in [job["job_id"] for job in listed]
    assert data_root.joinpath("quotes.csv").is_file()


@pytest.mark.usefixtures("worker")
def test_jobs_from_stdin_come_back_merged_with_their_ids(
    arbtune: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    lines = [json.dumps({**JOB, "min_spread_bps": bps}) for bps in (10.0, 20.0, 90.0)]
    sent = arbtune("enqueue", "--jobs", "-", "--wait", "--json", stdin="\n".join(lines) + "\n")
    assert sent.returncode == 0, sent.stderr
    documents = [json.loads(line) for line in sent.stdout.splitlines()]
    trades = {
        document["config"]["min_spread_bps"]: document["metrics"]["total_trades"]
        for document in documents
    }
    assert trades == {10.0: 10, 20.0: 10, 90.0: 0}
    assert len({document["job_id"] for document in documents}) == 3


def test_a_bad_line_is_named_and_nothing_of_its_file_is_sent(
    arbtune: Callable[..., subprocess.CompletedProcess[str]], redis_url: str, tmp_path: Path
) -> None:
    before = ledger_at(redis_url).counts()
    jobs = tmp_path / "jobs.jsonl"
    bad = json.dumps({**JOB, "min_spread_bps": -1})
    jobs.write_text(f"{json.dumps(JOB)}\n\n{bad}\n", encoding="utf-8")
    sent = arbtune("enqueue", "--jobs", str(jobs))
    assert sent.returncode == 1
    assert sent.stdout == ""
    assert sent.stderr == "arbtune: line 3: min_spread_bps must be non-negative\n"
    assert ledger_at(redis_url).counts() == before


@pytest.mark.usefixtures("worker")
def test_waiting_for_a_failed_job_exits_1_with_its_document(
    arbtune: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    sent = arbtune("enqueue", *flags({**JOB, "data_file": "nope.csv"}), "--wait", "--json")
    assert sent.returncode == 1
    assert json.loads(sent.stdout)["error"]["type"] == "FileNotFoundError"


@pytest.mark.usefixtures("worker")
def test_python_programs_enqueue_and_read(
    environment: dict[str, str], redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from arbitrage.arbitrage_tuning import TuningConfig
    from worker.enqueue import enqueue, enqueue_many

    monkeypatch.setenv("ARBTUNE_REDIS_URL", environment["ARBTUNE_REDIS_URL"])
    ledger = ledger_at(redis_url)
    one = enqueue(TuningConfig(**JOB), job_id=f"python-{uuid.uuid4()}")
    many = enqueue_many([JOB] * 1200)
    assert len(set(many)) == 1200
    wait_until(lambda: None not in ledger.results([one, *many]), "all results are there")
    assert {record.state for record in ledger.records(many) if record} == {State.SUCCESS}


@pytest.mark.parametrize("command", ["status", "result", "cancel"])
def test_an_unknown_job_is_said_to_be_unknown(
    command: str, arbtune: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    answer = arbtune(command, "no-such-job", "--json")
    assert answer.returncode == (1 if command == "cancel" else 4)
    assert json.loads(answer.stdout)["status"] == "unknown"


def test_a_redis_that_is_away_is_a_sentence(
    arbtune: Callable[..., subprocess.CompletedProcess[str]], environment: dict[str, str]
) -> None:
    environment["ARBTUNE_REDIS_URL"] = "redis://user:secret-word@127.0.0.1:1/0"
    for command in (["status", "x"], ["enqueue", *flags(JOB)]):
        answer = arbtune(*command)
        assert answer.returncode == 1
        assert answer.stderr.startswith("arbtune: Redis at redis://127.0.0.1:1/0 cannot be reached")
        assert "--local" in answer.stderr
        assert answer.stderr.count("\n") == 1
        assert "secret-word" not in answer.stderr


@pytest.mark.usefixtures("worker")
def test_a_job_on_the_embedded_server_needs_nothing_else(
    arbtune: Callable[..., subprocess.CompletedProcess[str]],
    environment: dict[str, str],
) -> None:
    del environment["ARBTUNE_REDIS_URL"]
    answer = arbtune("enqueue", "--local", "--json", *flags(JOB))
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["metrics"]["total_trades"] == 10


def test_local_refuses_a_data_root_that_is_none(
    arbtune: Callable[..., subprocess.CompletedProcess[str]],
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    environment["ARBTUNE_DATA_ROOT"] = str(tmp_path / "none")
    answer = arbtune("enqueue", "--local", *flags(JOB))
    assert answer.returncode == 1
    assert answer.stderr == f"arbtune: ARBTUNE_DATA_ROOT is not a folder: {tmp_path / 'none'}\n"


def test_local_says_so_when_its_worker_ends(
    arbtune: Callable[..., subprocess.CompletedProcess[str]], environment: dict[str, str]
) -> None:
    environment["ARBTUNE_PROBE_DIR"] = "/proc/no-folder-can-be-made-here"
    answer = arbtune("enqueue", "--local", *flags(JOB))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("arbtune: a worker that this command started has ended with ")
    assert "FileNotFoundError" in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("where", "fate"),
    [
        (
            ["--wait", "--job-id", "x"],
            "go on (arbtune result ID): x\n",
        ),
        (["--local"], "end with this command\n"),
    ],
)
def test_who_waits_no_longer_is_told_what_becomes_of_the_jobs(
    arbtune: Callable[..., subprocess.CompletedProcess[str]],
    environment: dict[str, str],
    own_redis_url: str,
    where: list[str],
    fate: str,
) -> None:
    environment["ARBTUNE_REDIS_URL"] = own_redis_url
    answer = arbtune("enqueue", *where, "--timeout", "0.3", *flags(JOB))
    assert (answer.returncode, answer.stdout) == (1, "")
    left = "arbtune: 0.3 s are over: 1 of 1 jobs have not ended, and "
    assert answer.stderr.removeprefix("sent x\n") == left + fate


def test_who_waits_where_no_worker_is_hears_of_it(
    arbtune: Callable[..., subprocess.CompletedProcess[str]],
    environment: dict[str, str],
    own_redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worker.client.worker_watch.PATIENCE_S", 0.0)
    environment["ARBTUNE_REDIS_URL"] = own_redis_url
    answer = arbtune("enqueue", "--wait", "--json", "--timeout", "2", *flags(JOB))
    assert answer.returncode == 1
    _, warning, farewell = answer.stderr.splitlines()
    assert json.loads(answer.stdout)["error"]["message"] == farewell.removeprefix("arbtune: ")
    assert warning.startswith(f"arbtune: warning: no worker is present at {own_redis_url}: start ")
    assert farewell.startswith("arbtune: 2 s are over")


@pytest.mark.parametrize("timeout", ["nan", "-1", "inf", "soon"])
def test_a_timeout_that_is_none_is_refused(
    arbtune: Callable[..., subprocess.CompletedProcess[str]], timeout: str
) -> None:
    answer = arbtune("enqueue", "--wait", f"--timeout={timeout}", *flags(JOB))
    assert answer.returncode == 1
    assert "--timeout: must be a number of seconds" in answer.stderr


def test_a_timeout_without_a_wait_is_refused(
    arbtune: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    answer = arbtune("enqueue", "--timeout=5", *flags(JOB))
    assert answer.returncode == 1
    assert answer.stderr.startswith("arbtune: --timeout goes with --wait or --local")


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("waits", [["--wait"], []])
def test_a_reader_that_leaves_ends_the_command_and_is_not_taken_for_redis(
    environment: dict[str, str], tmp_path: Path, waits: list[str]
) -> None:
    """As `head -1` does."""
    jobs = tmp_path / "jobs.jsonl"
    jobs.write_text((json.dumps(JOB) + "\n") * (3 if waits else 5_000), encoding="utf-8")
    reader, writer = os.pipe()
    os.close(reader)
    try:
        answer = subprocess.run(
            [sys.executable, "-m", "worker.cli", "enqueue", "--jobs", str(jobs), *waits],
            env=environment,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)
    assert answer.returncode == 1
    assert "Redis" not in answer.stderr
    assert ("of 5,000 jobs were sent, and then nobody" in answer.stderr) == (not waits)
    assert "Traceback" not in answer.stderr


@pytest.mark.usefixtures("worker")
def test_results_go_to_stdout_when_the_bar_is_on_a_terminal(environment: dict[str, str]) -> None:
    terminal, theirs = open_terminal()
    with subprocess.Popen(
        [sys.executable, "-m", "worker.cli", "enqueue", *flags(JOB), "--wait", "--json"],
        env={**environment, "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as sent:
        os.close(theirs)
        read_all(terminal)  # or the bar fills the terminal, and the command waits for its reader
        stdout, _ = sent.communicate()
    assert json.loads(stdout)["status"] == "success"


def test_a_command_that_brought_up_a_server_takes_it_down_when_it_is_ended(
    environment: dict[str, str],
) -> None:
    command = [sys.executable, "-m", "worker.cli", "enqueue", "--local", *flags(JOB)]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    started: list[psutil.Process] = []

    def has_started() -> bool:
        started[:] = psutil.Process(process.pid).children()
        return len(started) == 2

    wait_until(has_started, "a server and a worker are up")
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 128 + signal.SIGTERM
    _, alive = psutil.wait_procs(started, timeout=PATIENCE_S)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []
