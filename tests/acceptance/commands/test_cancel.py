"""`arbtune cancel` of many jobs: of all, of those with a tag, of those in a state."""

from __future__ import annotations

import json
import os
import sys

import pytest

from tests.conftest import JOB, ledger_at
from tests.helpers.terminals import on_terminal
from worker.cli import main
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.envelope import CHUNKS, JOBS, Route, job_message
from worker.ledger.ledger import Ledger, State, Submission
from worker.ledger.view import OPEN, SLICE

CANCEL = [sys.executable, "-m", "worker.cli", "cancel"]


@pytest.fixture
def ledger(own_redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A server with a job that runs, two that wait, of which one is a chunk, and one that ended."""
    monkeypatch.setenv("ARBTUNE_REDIS_URL", own_redis_url)
    ledger = ledger_at(own_redis_url)
    submit(ledger, "runs", tag="mine")
    assert ledger.start("runs", "w1", "{}", JOBS) is not None
    submit(ledger, "waits", tag="mine")
    submit(ledger, "chunk", route=CHUNKS)
    submit(ledger, "ended", tag="mine")
    ledger.cancel("ended", cancelled_meta("ended"))
    return ledger


def submit(ledger: Ledger, job_id: str, tag: str | None = None, route: Route = JOBS) -> None:
    text = json.dumps({**JOB, "tag": tag})
    ledger.submit([Submission(job_id, text, job_message(job_id, text, route))], route)


def open_jobs(ledger: Ledger) -> set[str]:
    return {job_id for state in OPEN for job_id in ledger.all_in(state)}


@pytest.mark.parametrize(
    ("which", "left", "answer"),
    [
        (["--all"], set(), {"cancelled": 3, "chunks": 1}),
        (["--tag", "mine"], {"chunk"}, {"cancelled": 2, "chunks": 0}),
        (["--tag", "nobody's"], {"runs", "waits", "chunk"}, {"cancelled": 0, "chunks": 0}),
        (["--state", "queued"], {"runs"}, {"cancelled": 2, "chunks": 1}),
        (["--state", "running"], {"waits", "chunk"}, {"cancelled": 1, "chunks": 0}),
        (["--tag", "mine", "--state", "queued"], {"runs", "chunk"}, {"cancelled": 1, "chunks": 0}),
    ],
)
def test_those_that_are_meant_are_cancelled_and_no_others(
    which: list[str],
    left: set[str],
    answer: dict[str, int],
    ledger: Ledger,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["cancel", *which, "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == answer
    assert open_jobs(ledger) == left


@pytest.mark.parametrize(("typed", "cancelled"), [("n\n", 0), ("y\n", 3)])
def test_a_terminal_is_asked_and_told_of_chunks(typed: str, cancelled: int, ledger: Ledger) -> None:
    status, shown = on_terminal([*CANCEL, "--all"], os.environ, typed)
    assert "cancel 3 jobs, 1 of them chunks of sweeps, for good? [y/N]" in shown
    assert status == (0 if cancelled else 1)
    last = "cancelled: 3 jobs, 1 of them chunks of sweeps" if cancelled else "nothing was cancelled"
    assert last in shown
    assert len(open_jobs(ledger)) == 3 - cancelled


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--all"], "a cancel of many cannot be undone: pass --yes"),
        ([], "cancel wants either the ID of a job, or --all, --tag or --state"),
        (["waits", "--all"], "cancel wants either the ID of a job, or --all, --tag or --state"),
        (["--all", "--tag", "mine"], "--all goes without --tag and --state"),
        (["--state", "success"], "--state"),
    ],
)
def test_what_is_not_clear_cancels_nothing(
    arguments: list[str], sentence: str, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cancel", *arguments]) == 1
    assert sentence in capsys.readouterr().err
    assert len(open_jobs(ledger)) == 3


def test_many_are_cancelled_in_slices(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    text = json.dumps(JOB)
    jobs = [Submission(f"job-{number}", text, "a message") for number in range(2 * SLICE)]
    ledger.submit(jobs, JOBS)
    assert main(["cancel", "--all", "--yes"]) == 0
    told = capsys.readouterr().out
    assert told == f"cancelled: {2 * SLICE + 3:,} jobs, 1 of them chunks of sweeps\n"
    assert ledger.counts()[State.CANCELLED] == 2 * SLICE + 4
    assert open_jobs(ledger) == set()


def test_a_job_that_starts_meanwhile_is_not_among_those_that_wait(ledger: Ledger) -> None:
    metas = {job_id: cancelled_meta(job_id) for job_id in ("runs", "waits")}
    assert ledger.cancel_each(metas, State.QUEUED) == ["waits"]
    assert open_jobs(ledger) == {"runs", "chunk"}
