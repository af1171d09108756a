"""What people and pipes read of jobs: `arbtune jobs` and `arbtune status`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import fakeredis
import pytest

from arbitrage.documents.result import ErrorRecord
from arbitrage.documents.spec.sweep_spec import sweep_id
from arbitrage.shell.console import Command, run_command, span
from arbitrage.shell.cutting import cut
from tests.conftest import JOB
from worker.client.jobs import waiting
from worker.client.jobs.differences import Differences
from worker.client.jobs.documents import EXIT_UNKNOWN, result_documents
from worker.client.jobs.sending import submission
from worker.client.jobs.waiting import results_as_they_come, wait_for_results
from worker.commands.jobs import cancel, dead, result, status
from worker.commands.jobs import listing as jobs
from worker.ledger.celery_meta import cancelled_meta, failed_meta, success_meta
from worker.ledger.envelope import CHUNKS, JOBS, Route, job_message
from worker.ledger.ledger import Ledger, Outcome, State, Submission
from worker.settings import Settings

CONFIG = {"data_file": "folder/quotes.csv", "tag": "try-1"}
CHUNK = {"spec": {"data_file": "quotes.csv"}, "start": 0, "stop": 500}
FIGURES = {"net_pnl_usd": 1234.5, "total_trades": 33}
ERROR: ErrorRecord = {"type": "ValueError", "message": "it is bad", "retryable": False}


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A ledger of this process alone, which the commands ask too."""
    made = Ledger(fakeredis.FakeRedis(), result_ttl_s=3600, lease_s=15)
    for command in (cancel, dead, jobs, result, status):
        monkeypatch.setattr(command, "open_ledger", lambda _: made)
    return made


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """An output of 80 columns."""
    for command in (jobs, dead):
        output = SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: True))
        monkeypatch.setattr(command, "sys", output)
    monkeypatch.setenv("COLUMNS", "80")


def submit(ledger: Ledger, *job_ids: str, config: Any = CONFIG, route: Route = JOBS) -> None:
    text = json.dumps(config)
    ledger.submit([Submission(name, text, job_message(name, text)) for name in job_ids], route)


def end(
    ledger: Ledger,
    job_id: str,
    result: dict[str, Any] | None,
    config: Any = CONFIG,
    *,
    is_dead: bool = False,
    error: ErrorRecord = ERROR,
    route: Route = JOBS,
) -> None:
    submit(ledger, job_id, config=config, route=route)
    start = ledger.start(job_id, "w1", json.dumps(config), route)
    assert start is not None
    outcome = Outcome(State.ERROR, failed_meta(job_id, error), error, is_dead=is_dead)
    if result is not None:
        outcome = Outcome(State.SUCCESS, success_meta(job_id, result))
    ledger.finish(job_id, start.holder, outcome)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    command = {"jobs": jobs, "status": status, "dead": dead}[arguments[0]]
    run_command(f"arbtune {arguments[0]}", command, list(arguments[1:]))
    return capsys.readouterr().out.splitlines()


@pytest.mark.usefixtures("ledger", "terminal")
def test_a_terminal_without_jobs_has_counts_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "jobs") == ["queued 0  running 0  success 0  error 0  cancelled 0"]


@pytest.mark.usefixtures("ledger")
def test_without_dead_letters_a_pipe_has_the_header(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "dead", "list") == ["JOB\tDIED\tATTEMPTS\tERROR"]


@pytest.mark.usefixtures("ledger", "terminal")
def test_without_dead_letters_a_terminal_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "dead", "list") == ["no dead letters"]


@pytest.mark.usefixtures("terminal")
def test_a_terminal_has_state_age_profit_tag_and_file_of_each(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    end(ledger, "good", FIGURES)
    end(ledger, "bad", None, {"data_file": "folder/quotes.csv", "tag": None})
    lines = [line.split() for line in printed(capsys, "jobs")[1:]]
    assert lines[0] == ["JOB", "STATE", "AGE", "NET", "USD", "TAG,", "FILE"]
    assert {tuple(line) for line in lines[1:]} == {
        ("good", "success", "0s", "1,234.50", "try-1,", "quotes.csv"),
        ("bad", "error", "0s", "quotes.csv"),
    }


@pytest.mark.usefixtures("terminal")
def test_no_line_is_longer_than_the_terminal(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    job_id = "8051f298-7d4a-4790-9c7d-d31fa1b4713e"
    end(ledger, job_id, {**FIGURES, "net_pnl_usd": -98765.4}, {**CONFIG, "tag": "x" * 200})
    submit(ledger, *(f"{number:036}" for number in range(2_000)))
    lines = printed(capsys, "jobs")
    assert len(lines) == 23
    assert lines[-1] == "the newest 20 of 2,001; --limit N shows more"
    assert max(map(len, lines)) <= 80
    [wide] = [line for line in printed(capsys, "jobs", "--state", "success") if job_id in line]
    assert len(wide) == 80
    assert "success" in wide
    assert "-98,765.40" in wide


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [
        ("quotes", 6, "quotes"),
        ("quotes", 5, "quot…"),
        ("行情行情", 8, "行情行情"),
        ("行情行情", 6, "行情…"),
    ],
)
def test_a_text_is_cut_by_the_columns_it_takes(text: str, room: int, shown: str) -> None:
    assert cut(text, room) == shown


def test_a_pipe_has_everything_in_full(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    end(ledger, "good", FIGURES, {**CONFIG, "tag": "x\t" * 100})
    header, line = (line.split("\t") for line in printed(capsys, "jobs"))
    assert header == [
        "JOB", "STATE", "ATTEMPTS", "SUBMITTED", "TAG", "DATA_FILE", "NET_PNL_USD", "ERROR",
        "DEAD_LETTER",
    ]  # fmt: skip
    assert (line[:3], line[4:]) == (
        ["good", "success", "1"],
        ["x " * 100, "folder/quotes.csv", "1234.5", "", ""],
    )


def test_a_chunk_of_a_sweep_is_told_by_its_range_and_its_result_left_alone(
    ledger: Ledger, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    end(ledger, "chunk", {"figures": "large"}, CHUNK, route=CHUNKS)
    submit(ledger, "waits", config=CHUNK, route=CHUNKS)
    monkeypatch.setattr(ledger, "results", pytest.fail)
    for line in printed(capsys, "jobs")[1:]:
        assert line.split("\t")[4:] == ["configs 0-500", "quotes.csv", "", "", ""]


@pytest.mark.parametrize("spec", ["x", None, [1], 5])
def test_a_chunk_that_is_none_is_listed_like_any_other_job(
    spec: object, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    submit(ledger, "odd", config={"spec": spec, "start": 1}, route=CHUNKS)
    [line] = printed(capsys, "jobs")[1:]
    assert line.split("\t")[4:] == ["configs 1-None", "", "", "", ""]


def test_the_newest_of_those_that_run_are_those_that_were_sent_last(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    for moment, name in enumerate(["first", "second", "third"]):
        submit(ledger, name)
        ledger.start(name, "w1", "{}", JOBS)
        ledger._client.hset(f"arbtune:job:{name}", "submitted_ms", str(moment))
    ledger.renew("w1", ["first"], lease_s=60)
    lines = printed(capsys, "jobs", "--state", "running", "--limit", "2")
    assert [line.split("\t")[0] for line in lines[1:]] == ["third", "second"]


@pytest.mark.parametrize(
    ("meta", "status"),
    [
        ({"status": "SUCCESS", "result": {"net_pnl_usd": 1.0}}, "success"),
        ({"status": "SUCCESS", "result": 5}, "unknown"),
        ({"status": "SUCCESS", "result": None}, "unknown"),
        ({"status": "FAILURE", "result": {"exc_type": "E", "exc_message": ["x"]}}, "error"),
        ({"status": "FAILURE", "result": "x"}, "unknown"),
        ({"status": "REVOKED", "result": None}, "cancelled"),
        ({"status": "STARTED", "result": {"pid": 1}}, "unknown"),
    ],
)
def test_what_celery_alone_knows_is_told_if_it_is_of_a_job(
    ledger: Ledger, meta: dict[str, Any], status: str
) -> None:
    ledger._client.set("celery-task-meta-theirs", json.dumps(meta))
    [document] = result_documents(ledger, ["theirs"])
    assert document["status"] == status


@pytest.mark.parametrize("limit", ["-1", "x", "1.5", "²", "1_0", "٣٤"])
def test_a_limit_that_is_none_is_refused(
    limit: str, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    submit(ledger, "one")
    for command, rest in ((jobs, []), (dead, ["list"])):
        assert run_command("arbtune x", command, [*rest, "--limit", limit]) == 1
        written = capsys.readouterr()
        assert written.out == ""
        assert "--limit: must be a whole number from 0 on" in written.err
    assert len(printed(capsys, "jobs", "--limit", "0")) == 1


def test_a_status_is_a_line_with_what_there_is_to_know(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    end(ledger, "good", FIGURES)
    end(ledger, "bad", None)
    end(ledger, "chunk", {"figures": "large"}, CHUNK, route=CHUNKS)
    submit(ledger, "waits", "runs")
    ledger.start("runs", "w1", "{}", JOBS)
    lines = {
        "good": "good  success; net 1,234.50 USD, 33 trades; attempt 1; ended 0s ago",
        "bad": "bad  error; attempt 1; ended 0s ago; it is bad",
        "chunk": "chunk  success; attempt 1; ended 0s ago",
        "waits": "waits  queued; sent 0s ago",
        "runs": "runs  running; attempt 1; on w1; running for 0s",
        "none": "none  unknown: the server has no record of it: it was never sent, its record has "
        "expired, or it is a plain Celery client's job that has not started yet",
    }
    for job_id, line in lines.items():
        assert printed(capsys, "status", job_id) == [line]


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("command", "flag"), [(status, "--status"), (result, "--status"), (cancel, "--cancel")]
)
def test_the_id_of_a_sweep_is_sent_to_where_sweeps_are_asked_after(
    command: Command, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = run_command("arbtune x", command, [sweep_id("a spec", "0" * 64, "1")])
    assert asked == (1 if command is cancel else EXIT_UNKNOWN)
    told = capsys.readouterr()
    assert f"it looks like a sweep's id: arbtune sweep SPEC {flag}" in told.out + told.err


@pytest.mark.usefixtures("terminal")
def test_a_loss_of_next_to_nothing_has_no_sign(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    end(ledger, "even", {**FIGURES, "net_pnl_usd": -0.001})
    assert " 0.00 " in printed(capsys, "jobs")[-1]
    assert "net 0.00 USD" in printed(capsys, "status", "even")[0]


@pytest.mark.usefixtures("terminal")
def test_a_terminal_marks_dead_letters_among_failed_jobs(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    end(ledger, "failed", None)
    end(ledger, "gone", None, is_dead=True)
    lines = [line.split() for line in printed(capsys, "jobs")[2:]]
    assert {(line[0], line[1]) for line in lines} == {("failed", "error"), ("gone", "error,dead")}


@pytest.mark.usefixtures("terminal")
def test_of_failed_jobs_a_terminal_has_the_sentences(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    end(ledger, "bad", None, error={**ERROR, "message": "it is bad\n" * 50})
    assert "it is" not in " ".join(printed(capsys, "jobs"))
    _, _, row, sentence = printed(capsys, "jobs", "--state", "error")
    assert row.startswith("bad error")
    assert sentence.startswith("  it is bad it is bad")
    assert len(sentence) == 80


def test_of_a_failed_job_pipes_and_programs_have_the_sentence_in_full(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    end(ledger, "bad", None)
    assert printed(capsys, "jobs", "--state", "error")[1].split("\t")[-2:] == ["it is bad", ""]
    assert json.loads(printed(capsys, "jobs", "--json")[0])["error"] == ERROR


def test_dead_letters_are_marked_wherever_a_job_is_asked_after(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    end(ledger, "failed", None)
    end(ledger, "gone", None, is_dead=True)
    cells = [line.split("\t") for line in printed(capsys, "jobs")[1:]]
    assert {(job[0], job[1], job[-1]) for job in cells} == {
        ("failed", "error", ""),
        ("gone", "error", "yes"),
    }
    listed = [json.loads(line) for line in printed(capsys, "jobs", "--json")]
    marks = {job["job_id"]: job["dead_letter"] for job in listed}
    assert marks == {"failed": False, "gone": True}
    for job_id, is_dead in marks.items():
        [line] = printed(capsys, "status", job_id)
        assert line.endswith("; a dead letter: arbtune dead show gone") == is_dead
        document = json.loads("".join(printed(capsys, "status", job_id, "--json")))
        assert document["dead_letter"] is is_dead


def wait(
    ledger: Ledger, job_ids: list[str], sent: Sequence[Submission] = (), *, as_json: bool = False
) -> int:
    """Wait for jobs, of which these were sent by the command that waits."""
    differences = Differences()
    assert list(differences.of(sent)) == list(sent)
    return wait_for_results(
        Settings(),
        ledger,
        job_ids,
        as_json=as_json,
        differences=differences,
        meanwhile=pytest.fail,
    )


def test_the_lines_of_a_wait_have_the_parameters_that_differ(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    changes: list[dict[str, Any]] = [
        {"min_spread_bps": 20.0},
        {"min_spread_bps": 20.5, "stop_on_drawdown_pct": 20.0, "tag": "try-1"},
        {"min_spread_bps": 1e-7, "extra": {"long": "x" * 500}},
    ]
    sent = [submission({**JOB, **change}, f"job-{n}") for n, change in enumerate(changes)]
    for job in sent:
        end(ledger, job.job_id, FIGURES, json.loads(job.config))
    assert wait(ledger, [job.job_id for job in sent], sent) == 3
    net = "net 1,234.50 USD, 33 trades"
    assert capsys.readouterr().out.splitlines() == [
        f"job-0  success  {net}; min_spread_bps 20, stop_on_drawdown_pct unset",
        f"job-1  success  {net}; min_spread_bps 20.5, stop_on_drawdown_pct 20; tag try-1",
        f"job-2  success  {net}; min_spread_bps 1e-07, stop_on_drawdown_pct unset",
    ]


def test_the_lines_of_a_wait_have_the_tags(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    end(ledger, "good", FIGURES)
    end(ledger, "bad", None)
    end(ledger, "plain", FIGURES, {"data_file": "quotes.csv", "tag": None})
    submit(ledger, "stopped")
    ledger.cancel("stopped", cancelled_meta("stopped"))
    job_ids = ["good", "bad", "plain", "stopped"]
    waited = wait(ledger, job_ids)
    assert waited == 2
    assert capsys.readouterr().out.splitlines() == [
        "good  success  net 1,234.50 USD, 33 trades; tag try-1",
        "bad  error  it is bad; tag try-1",
        "plain  success  net 1,234.50 USD, 33 trades",
        "stopped  cancelled  tag try-1",
    ]


def test_a_wait_ends_for_jobs_whose_record_or_result_is_gone(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    end(ledger, "good", FIGURES)
    end(ledger, "deleted", FIGURES)
    submit(ledger, "gone")
    ledger._client.delete("celery-task-meta-deleted", "arbtune:job:gone")
    job_ids = ["good", "deleted", "gone"]
    waited = wait(ledger, job_ids, as_json=True)
    assert waited == 1
    told = capsys.readouterr()
    states = {line["job_id"]: line["status"] for line in map(json.loads, told.out.splitlines())}
    assert states == {"good": "success", "deleted": "unknown", "gone": "unknown"}
    assert told.err.startswith("arbtune: 2 of 3 jobs are unknown to the server")
    assert told.err.endswith("send them again: deleted, gone\n")


def test_jobs_that_are_gone_are_found_one_slice_after_the_other(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "SLICE", 2)
    monkeypatch.setattr(waiting, "POLL_S", 0.0)
    job_ids = ["waits-1", "waits-2", "waits-3", "gone"]
    submit(ledger, *job_ids)
    ledger._client.delete("arbtune:job:gone")
    job_id, document = next(results_as_they_come(ledger, job_ids))
    assert (job_id, document["status"]) == ("gone", "unknown")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (59.9, "59s"), (60, "1m"), (3_599, "59m"), (86_399, "23h"), (1e6, "11d")],
)
def test_a_span_is_told_in_its_largest_unit(seconds: float, text: str) -> None:
    assert span(seconds) == text
