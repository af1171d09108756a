"""`arbtune enqueue` and what is asked after it, through a real server and a real worker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.acceptance.queue.jobs.asked import Arbtune, flags
from tests.conftest import JOB, ledger_at, wait_until
from tests.helpers.terminals import open_terminal, read_all
from worker.client.jobs.sending import BATCH
from worker.ledger.ledger import State


@pytest.mark.usefixtures("worker")
def test_a_job_by_flags_is_enqueued_asked_after_and_fetched(
    arbtune: Arbtune, data_root: Path
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
    arbtune: Arbtune,
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
    arbtune: Arbtune, redis_url: str, tmp_path: Path
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
    arbtune: Arbtune,
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
    monkeypatch.setattr("worker.client.jobs.sending.BATCH", 10)
    ledger = ledger_at(redis_url)
    one = enqueue(TuningConfig(**JOB), job_id=f"python-{uuid.uuid4()}")
    many = enqueue_many([JOB] * 24)
    assert len(set(many)) == 24
    wait_until(lambda: None not in ledger.results([one, *many]), "all results are there")
    assert {record.state for record in ledger.records(many) if record} == {State.SUCCESS}


@pytest.mark.parametrize("command", ["status", "result", "cancel"])
def test_an_unknown_job_is_said_to_be_unknown(command: str, arbtune: Arbtune) -> None:
    answer = arbtune(command, "no-such-job", "--json")
    assert answer.returncode == (1 if command == "cancel" else 4)
    assert json.loads(answer.stdout)["status"] == "unknown"


def test_a_redis_that_is_away_is_a_sentence(arbtune: Arbtune, environment: dict[str, str]) -> None:
    environment["ARBTUNE_REDIS_URL"] = "redis://user:secret-word@127.0.0.1:1/0"
    for command in (["status", "x"], ["enqueue", *flags(JOB)]):
        answer = arbtune(*command)
        assert answer.returncode == 1
        assert answer.stderr.startswith("arbtune: Redis at redis://127.0.0.1:1/0 cannot be reached")
        assert "--local" in answer.stderr
        assert answer.stderr.count("\n") == 1
        assert "secret-word" not in answer.stderr


@pytest.mark.usefixtures("worker")
def test_a_reader_of_results_that_leaves_ends_the_command_and_is_not_taken_for_redis(
    environment: dict[str, str], tmp_path: Path
) -> None:
    assert "were sent" not in told_without_a_reader(environment, tmp_path, 3, "--wait")


def test_a_reader_of_ids_that_leaves_hears_how_many_jobs_were_sent(
    environment: dict[str, str], own_redis_url: str, tmp_path: Path
) -> None:
    environment["ARBTUNE_REDIS_URL"] = own_redis_url
    told = told_without_a_reader(environment, tmp_path, 2 * BATCH)
    assert "of 1,000 jobs were sent, and then nobody" in told


def told_without_a_reader(
    environment: dict[str, str], folder: Path, count: int, *waits: str
) -> str:
    """What a command says whose output nobody reads any more, as after `head -1`."""
    jobs = folder / "jobs.jsonl"
    jobs.write_text((json.dumps(JOB) + "\n") * count, encoding="utf-8")
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
    assert "Traceback" not in answer.stderr
    return answer.stderr


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
