"""The queue as `arbtune top` and `arbtune workers` show it, from a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import redis
from rich.console import Console, RenderableType

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.replay.files.data_cache import file_digest
from arbitrage.shell.console import run_command
from tests.conftest import JOB, PATIENCE_S, ledger_at, quotes_csv, wait_until
from tests.helpers.inputs.sweeps import spec
from tests.helpers.terminals import on_terminal, open_terminal, read_all
from worker.client import Client
from worker.client.embedded import embedded_server
from worker.client.jobs.sending import submission
from worker.client.sweeps.plan import SweepError
from worker.client.watching.overview import Overview, overview_of
from worker.client.watching.page import View, page, worker_table
from worker.client.watching.screen import view_after
from worker.commands.watching import top, workers
from worker.ledger.celery_meta import cancelled_meta, success_meta
from worker.ledger.envelope import CHUNKS, JOBS
from worker.ledger.ledger import Ledger, Outcome, State
from worker.ledger.names import SWEEP_KEY, SWEEPS_KEY
from worker.operating.signs.presence import Presence, announce
from worker.operating.signs.sweeps import SweepSign, awaited_sweeps, tell, withdraw

SIGN = SweepSign(
    sweep_id="0123456789abcdef",
    data_file="quotes.csv",
    total=9_999_999,
    done=1_234_567,
    failed=3,
    running=40_000,
    queued=1_000_000,
    rank_by="net_pnl_usd",
    best=1234.5,
    since=1.0,
    per_second=98_765.4,
)


@pytest.fixture(scope="module")
def busy() -> Iterator[str]:
    """A server with 40 jobs of which 9 run on three workers, and a sweep."""
    with embedded_server() as url:
        ledger = ledger_at(url)
        jobs = [submission({**JOB, "tag": f"t{n}"}, f"job-{n:02}") for n in range(40)]
        ledger.submit(jobs, JOBS)
        for number in range(3):
            worker = f"host{number}/{100 + number}/abcdef"
            announce(ledger.client, Presence(worker, 4, "0.1.0", "2", 1_000.0), [])
            for job in jobs[3 * number : 3 * number + 3]:
                assert ledger.start(job.job_id, worker, job.config, JOBS)
        tell(ledger.client, SIGN)
        yield url


@pytest.fixture
def overview(busy: str) -> Overview:
    return overview_of(ledger_at(busy))


def lines(shown: RenderableType, width: int = 80) -> list[str]:
    console = Console(file=StringIO(), width=width, color_system=None)
    with console.capture() as captured:
        console.print(shown)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_the_page_fits_a_small_terminal(overview: Overview) -> None:
    shown = lines(page(overview, View(), "redis://127.0.0.1:6379/0", 22))

    assert len(shown) <= 22
    assert max(map(len, shown)) <= 80
    assert shown[1].startswith("jobs    31 waiting (the oldest for ")
    assert shown[1].endswith("), 9 running, 0 succeeded, 0 failed")
    assert shown[2] == "queues  celery 40; dead letters 0"
    [sweep] = [line for line in shown if line.startswith(SIGN.sweep_id)]
    assert "12% of 9,999,999, 3 failed  98,765/s" in sweep
    assert any(line.startswith("host0/100/abcdef  0.1.0    3 of 4") for line in shown)
    assert any(line.startswith("... and ") for line in shown)


def test_a_wide_page_has_everything(overview: Overview) -> None:
    shown = "\n".join(lines(page(overview, View(), "here", 1_000), 1_000))

    for number in range(9):
        assert f"job-{number:02}" in shown
    assert "98,765/s  1m    net_pnl_usd 1,234.50" in shown
    assert "... and" not in shown


def test_jobs_are_filtered_and_sorted(overview: Overview) -> None:
    def jobs(view: View) -> list[str]:
        shown = lines(page(overview, view, "here", 1_000), 1_000)
        return [line.split()[0] for line in shown if line.startswith("job-")]

    assert jobs(View(only="HOST1")) == ["job-03", "job-04", "job-05"]
    assert jobs(View(only="t7,")) == ["job-07"]
    assert jobs(View(sort="job")) == jobs(View(sort="worker")) == [f"job-{n:02}" for n in range(9)]
    assert set(jobs(View(sort="longest"))) == {f"job-{n:02}" for n in range(9)}


@pytest.mark.parametrize(
    ("fields", "told"),
    [({"tag_prefix": "night"}, "night, quotes.csv"), ({"tag": "once"}, "once, quotes.csv")],
)
def test_a_chunk_is_shown_with_the_tag_of_its_sweep(
    overview: Overview, fields: dict[str, str], told: str
) -> None:
    held = {"start": 0, "stop": 9, "spec": {"data_file": "day/quotes.csv", **fields}}
    chunk = replace(overview.running[0], task=CHUNKS.task, config=held)
    shown = lines(page(replace(overview, running=(chunk,)), View(), "here", 1_000), 1_000)

    [line] = [line for line in shown if line.startswith(chunk.job_id)]
    assert line.endswith(f" {told}")


def test_keys_change_what_is_shown() -> None:
    typed = view_after(View(), "fab\x7fc")
    assert typed == View(only="ac", is_typing=True)
    assert view_after(typed, "q\r") == View(only="acq")
    assert view_after(View(only="ac", is_typing=True), "\x1b") == View()
    assert view_after(View(only="ac"), "\x1b") == View()
    assert view_after(View(), "s") == View(sort="worker")
    assert view_after(View(), "sss") == View()
    assert view_after(View(), "x\x1b[A") == View()
    assert view_after(View(), "sq") is None


def test_workers_are_listed_with_what_they_run(overview: Overview) -> None:
    shown = lines(worker_table(overview.workers, overview.now), 1_000)

    assert [line.split()[0] for line in shown if line.startswith("host")] == [
        "host0/100/abcdef",
        "host1/101/abcdef",
        "host2/102/abcdef",
    ]
    assert shown[-1].endswith("job-06, job-07, job-08")


def test_programs_read_objects(
    busy: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARBTUNE_REDIS_URL", busy)

    assert run_command("arbtune workers", workers, ["--json"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert run_command("arbtune top", top, ["--json"]) == 0
    document = json.loads(capsys.readouterr().out)

    assert [worker["host"] for worker in listed] == ["host0", "host1", "host2"]
    assert listed[0]["pid"] == 100
    assert [job["job_id"] for job in listed[1]["running"]] == ["job-03", "job-04", "job-05"]
    assert document["workers"] == listed
    assert document["jobs"]["queued"] == 31
    [sweep] = document["sweeps"]
    assert sweep["left_seconds"] == (9_999_999 - 1_234_567) / 98_765.4


def test_where_nobody_works(
    own_redis_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARBTUNE_REDIS_URL", own_redis_url)

    assert run_command("arbtune workers", workers, []) == 1
    assert "no worker is present: start one with arbtune worker" in capsys.readouterr().out
    assert run_command("arbtune top", top, []) == 0
    assert "nobody waits for a sweep" in capsys.readouterr().out


def test_a_key_ends_it(busy: str) -> None:
    command = [sys.executable, "-m", "worker.cli", "top"]

    status, shown = on_terminal(command, {**os.environ, "ARBTUNE_REDIS_URL": busy}, "q")

    assert status == 0
    assert "host0/100/abcdef" in shown


def test_a_server_that_goes_away_is_told_and_asked_again() -> None:
    ours, theirs = open_terminal()
    with embedded_server() as url:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker.cli", "top", "--every", "0.2"],
            env={**os.environ, "ARBTUNE_REDIS_URL": url, "TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        shown = ""
        while "nobody waits for a sweep" not in shown:
            shown += os.read(ours, 4_096).decode()
    while "cannot be reached" not in shown:
        shown += os.read(ours, 4_096).decode()
    os.write(ours, b"q")
    read_all(ours)
    assert process.wait(PATIENCE_S) == 0


def test_a_sweep_that_somebody_waits_for_is_there_as_long_as_they_wait(
    own_redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    monkeypatch.setenv("ARBTUNE_DATA_ROOT", str(tmp_path))
    ledger = ledger_at(own_redis_url)
    errors: list[Exception] = []

    def wait_for_it() -> None:
        with Client(own_redis_url, results_dir=tmp_path / "results") as client:
            try:
                client.sweep(spec({"name": "min_spread_bps", "start": 0, "stop": 9, "num": 10}))
            except SweepError as error:
                errors.append(error)

    waiting = threading.Thread(target=wait_for_it)
    waiting.start()
    answer_the_question(ledger, tmp_path / "quotes.csv")
    wait_until(lambda: awaited_sweeps(ledger.client), "the sweep is told")
    [sign] = awaited_sweeps(ledger.client)
    assert (sign.total, sign.done, sign.data_file) == (10, 0, "quotes.csv")
    wait_until(lambda: cancelled(ledger) and not waiting.is_alive(), "the sweep ends")
    assert [str(error) for error in errors] == [
        "the sweep was cancelled; the same command goes on with it"
    ]
    assert awaited_sweeps(ledger.client) == []


def cancelled(ledger: Ledger) -> bool:
    """Cancel what waits: the sweep is told before its chunks are sent."""
    for job_id in ledger.all_in(State.QUEUED):
        ledger.cancel(job_id, cancelled_meta(job_id))
    return True


def answer_the_question(ledger: Ledger, data: Path) -> None:
    """As a worker that is asked for the data of a sweep."""
    wait_until(lambda: ledger.all_in(State.QUEUED), "somebody asks")
    [job_id] = ledger.all_in(State.QUEUED)
    payload = ledger.payload(job_id)
    assert payload is not None
    start = ledger.start(job_id, "w1", payload[0], CHUNKS)
    assert start is not None
    facts = {
        "data_sha256": file_digest(data),
        "rows": 100,
        "skipped": 0,
        "engine_version": ENGINE_VERSION,
        "seconds_per_config": 1e-3,
    }
    outcome = Outcome(State.SUCCESS, success_meta(job_id, facts))
    ledger.finish(job_id, start.holder, outcome)


def test_what_is_no_sign_and_what_newer_clients_say_is_passed_over(own_redis_url: str) -> None:
    client = redis.Redis.from_url(own_redis_url)
    told: dict[str, Any] = {name: getattr(SIGN, name) for name in SIGN.__dataclass_fields__}
    for sweep_id, text in (
        ("newer", json.dumps({**told, "sweep_id": "newer", "mood": "fine"})),
        ("older", json.dumps({"sweep_id": "older"})),
        ("bad", "{"),
        ("list", "[]"),
    ):
        client.set(SWEEP_KEY.format(sweep_id), text)
        client.sadd(SWEEPS_KEY, sweep_id)

    assert [sign.sweep_id for sign in awaited_sweeps(client)] == ["newer"]
    withdraw(client, "newer")
    assert awaited_sweeps(client) == []
