"""What people and pipes read of many jobs: `arbtune jobs` and `arbtune dead list`."""

from __future__ import annotations

import json

import pytest

from arbitrage.shell.console import run_command
from arbitrage.shell.cutting import cut
from tests.unit.client.jobs.asked import CHUNK, CONFIG, ERROR, FIGURES, end, printed, submit
from worker.commands.jobs import dead
from worker.commands.jobs import listing as jobs
from worker.ledger.envelope import CHUNKS, JOBS
from worker.ledger.ledger import Ledger


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
    submit(ledger, *(f"{number:036}" for number in range(1_000)))
    lines = printed(capsys, "jobs")
    assert len(lines) == 23
    assert lines[-1] == "the newest 20 of 1,001; --limit N shows more"
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
