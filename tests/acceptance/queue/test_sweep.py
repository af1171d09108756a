"""`arbtune sweep` through real servers and real workers: its rows, its resumption, its failures."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import redis
from celery import Celery

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.arbitrage_tuning import ArbitrageTuningRunner
from arbitrage.documents.figures import FIGURE_NAMES, NULLABLE_COUNTS
from arbitrage.documents.spec.sweep_spec import sweep_id
from arbitrage.replay.files.data_cache import file_digest, open_data
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.rows import SCHEMA
from arbitrage.sweep import SweepSpec, run_sweep
from tests import commands
from tests.conftest import (
    PATIENCE_S,
    WorkerProcess,
    ledger_at,
    quotes_csv,
    running_worker,
    wait_until,
)
from tests.sweeps import spec
from tests.terminals import read_all
from worker.client.sweeps.in_queue import NO_CHUNKS
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.connection import TRIES_OF_A_PERSON
from worker.ledger.envelope import CHUNKS
from worker.ledger.ledger import Ledger, State
from worker.running.jobs.chunk_figures import unpacked
from worker.running.jobs.chunks import Chunk, bits_of, of_spec

SPREADS = {"name": "min_spread_bps", "start": 0, "stop": 60, "num": 61}
GRIDS = (
    {"name": "min_spread_bps", "start": 0, "stop": 60, "num": 7},
    {"name": "max_open_trades", "values": [1, 3]},
    {"name": "stop_on_drawdown_pct", "values": [None, 0.01]},
)
DEADLY = 20  # the min_spread_bps of the config that a poison is meant for


@dataclass
class Desk:
    """Somebody's place of work: a data root, a server, results of its own."""

    root: Path
    url: str
    results: Path

    @property
    def ledger(self) -> Ledger:
        return ledger_at(self.url)

    def environment(self, **changes: str) -> dict[str, str]:
        return {
            **os.environ,
            "ARBTUNE_REDIS_URL": self.url,
            "ARBTUNE_DATA_ROOT": str(self.root),
            "ARBTUNE_RESULTS_DIR": str(self.results),
            **changes,
        }

    def arguments(self, sweep: dict[str, Any], *flags: str) -> list[str]:
        path = self.results.parent / "spec.json"
        path.write_text(json.dumps(sweep), encoding="utf-8")
        return ["sweep", str(path), *flags]

    def command(self, sweep: dict[str, Any]) -> list[str]:
        return [sys.executable, "-m", "worker.cli", *self.arguments(sweep)]

    def sweep(
        self, sweep: dict[str, Any], *flags: str, **changes: str
    ) -> subprocess.CompletedProcess[str]:
        return commands.arbtune(
            *self.arguments(sweep, *flags), environment=self.environment(**changes)
        )

    def start(self, sweep: dict[str, Any]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(sweep),
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def folder(self, sweep: dict[str, Any]) -> SweepFolder:
        parsed = SweepSpec(**sweep)
        digest = file_digest(self.root / parsed.data_file)
        return SweepFolder(self.results, sweep_id(parsed.identity(), digest, ENGINE_VERSION))

    def with_chunks_of(self, size: int, sweep: dict[str, Any]) -> SweepFolder:
        """The sweep's folder as an earlier run left it that had begun and computed nothing."""
        folder, parsed = self.folder(sweep), SweepSpec(**sweep)
        folder.path.mkdir(parents=True)
        folder.describe(parsed, file_digest(self.root / parsed.data_file), ENGINE_VERSION, size)
        return folder

    def rows(self, sweep: dict[str, Any]) -> pl.DataFrame:
        return self.folder(sweep).rows(SweepSpec(**sweep).total).collect()

    def open_chunks(self, sweep: dict[str, Any]) -> list[str]:
        open_states = (State.QUEUED, State.RUNNING)
        return self.ledger.with_prefix(f"{self.folder(sweep).sweep_id}.", open_states)

    def here(self, sweep: dict[str, Any]) -> pl.DataFrame:
        """The same sweep in this process."""
        before = Path.cwd()
        os.chdir(self.root)
        try:
            return run_sweep(SweepSpec(**sweep))
        finally:
            os.chdir(before)


@pytest.fixture(scope="module")
def sweep_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sweeps")
    text = quotes_csv() + "2024-01-01T00:02:00Z,0,0,100,101\n"
    (root / "quotes.csv").write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def sweep_worker(
    redis_url: str, sweep_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    """A worker of two processes whose chunks do what their tags say."""
    log = tmp_path_factory.mktemp("sweep-worker") / "log"
    with running_worker(
        own_database(redis_url),
        sweep_root,
        log,
        concurrency=2,
        poisonous=True,
        job_time_limit_s="3",
        lease_s="3",
    ) as running:
        yield running


def own_database(url: str) -> str:
    """Apart from the session's worker, which takes no poison."""
    return url.removesuffix("/0") + "/2"


@pytest.fixture
def desk(redis_url: str, sweep_root: Path, tmp_path: Path) -> Desk:
    """At the module's worker, where a test asks for `sweep_worker`."""
    return Desk(sweep_root, own_database(redis_url), tmp_path / "results")


@pytest.fixture
def lonely(own_redis_url: str, sweep_root: Path, tmp_path: Path) -> Desk:
    """At a server that no worker listens to, unless the test starts one."""
    return Desk(sweep_root, own_redis_url, tmp_path / "results")


def files_of(folder: SweepFolder) -> dict[str, tuple[int, int]]:
    """Each file of the results as it is; another one if it was rewritten."""
    statuses = {path.name: path.stat() for path in folder.path.iterdir()}
    return {name: (status.st_ino, status.st_mtime_ns) for name, status in statuses.items()}


def one_sentence(answer: subprocess.CompletedProcess[str]) -> str:
    assert answer.returncode == 1, answer
    assert answer.stdout == ""
    assert answer.stderr.startswith("arbtune: ")
    assert answer.stderr.count("\n") == 1
    return answer.stderr


# -- the rows


@pytest.mark.usefixtures("sweep_worker")
def test_the_rows_are_those_of_this_process_and_of_single_jobs(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = spec(*GRIDS, max_position_usd=1e6, sample={"n": 25, "seed": 3}, tag_prefix="s")
    answer = desk.sweep(sweep, "--json")
    assert answer.returncode == 0, answer.stderr
    rows = desk.rows(sweep)
    assert rows.equals(desk.here(sweep))
    assert rows.schema == SCHEMA
    assert rows["config_number"].to_list() == list(range(25))
    assert 0 < rows["stopped_row"].null_count() < 25

    monkeypatch.chdir(desk.root)
    parsed = SweepSpec(**sweep)
    for row in rows.iter_rows(named=True):
        config = parsed.config(row["config_number"])
        metrics = ArbitrageTuningRunner(config).run()  # of a small file: by the streaming engine
        figures = {**metrics.model_dump(), "max_drawdown_pct": row["max_drawdown_pct"]}
        assert row["max_drawdown_pct"] == pytest.approx(metrics.max_drawdown_pct, abs=1e-9)
        assert {name: row[name] for name in FIGURE_NAMES} == {
            name: figures[name] for name in FIGURE_NAMES
        }
        assert {name: row[name] for name in config.model_dump()} == config.model_dump()

    summary = json.loads(answer.stdout)
    folder = desk.folder(sweep)
    first = rows.sort("net_pnl_usd", "config_number", descending=[True, False]).to_dicts()[0]
    job = {
        "config": parsed.config(first["config_number"]).model_dump(),
        "metrics": {name: first[name] for name in FIGURE_NAMES},
    }
    facts = open_data(desk.root / "quotes.csv").facts
    assert facts.empty == 1
    assert summary == {
        "sweep_id": folder.sweep_id,
        "total": 25,
        "succeeded": 25,
        "failed": 0,
        "results_dir": str(folder.path),
        "best": {**first, **job},
        "traded": rows.filter(pl.col("total_trades") > 0).height,
        "lowest_threshold_bps": 12.0,
        "data": facts.of_rows(),
        "cautions": [],
        "copied": {},
    }
    assert desk.ledger.with_prefix(f"{folder.sweep_id}.", State) == []  # Redis has forgotten them


def test_a_finished_sweep_computes_nothing_and_rewrites_no_file(
    sweep_worker: WorkerProcess, desk: Desk
) -> None:
    sweep = spec(*GRIDS)
    first = desk.sweep(sweep, "--json")
    files, jobs = files_of(desk.folder(sweep)), len(sweep_worker.events("job.finished"))
    for flag in ((), ("--collect",)):
        again = desk.sweep(sweep, "--json", *flag)
        assert (again.returncode, again.stdout) == (0, first.stdout)
    status = desk.sweep(sweep, "--json", "--status")
    nothing_open = {"chunks": {"running": 0, "queued": 0, "to_collect": 0}}
    assert (status.returncode, json.loads(status.stdout)) == (
        0,
        json.loads(first.stdout) | nothing_open,
    )
    assert files_of(desk.folder(sweep)) == files
    assert len(sweep_worker.events("job.finished")) == jobs
    fresh = desk.sweep(sweep, "--fresh", "--json")
    assert (fresh.returncode, fresh.stdout) == (0, first.stdout)
    assert files_of(desk.folder(sweep)) != files


@pytest.mark.usefixtures("sweep_worker")
def test_a_sweep_that_grows_goes_on_with_what_is_there(desk: Desk) -> None:
    sweep = spec(*GRIDS)
    assert desk.sweep({**sweep, "max_jobs": 10}).returncode == 0
    before = files_of(desk.folder(sweep))
    assert desk.sweep(sweep).returncode == 0
    after = files_of(desk.folder(sweep))
    kept = {name: found for name, found in before.items() if name.endswith(".parquet")}
    assert kept.items() <= after.items()
    assert desk.rows(sweep).equals(desk.here(sweep))


# -- deaths


@pytest.mark.usefixtures("sweep_worker")
def test_a_killed_client_goes_on_where_it_was(desk: Desk) -> None:
    sweep = spec(SPREADS, tag="sleep:0.02")
    folder = desk.with_chunks_of(1, sweep)
    luck = random.Random(7)
    for _ in range(2):
        parts = len(folder.parts(61))
        client = desk.start(sweep)
        some = parts + luck.randint(1, 20)

        def are_there(some: int = some) -> bool:
            return len(folder.parts(61)) >= some

        wait_until(are_there, "some parts are there")
        client.kill()
        client.communicate()
    before = files_of(folder)
    assert desk.sweep(sweep).returncode == 0
    kept = {name: found for name, found in before.items() if name.endswith(".parquet")}
    assert kept
    assert kept.items() <= files_of(folder).items()
    assert desk.rows(sweep).equals(desk.here(sweep))


def test_a_killed_worker_and_a_killed_client_lose_nothing(lonely: Desk, tmp_path: Path) -> None:
    sweep = spec(SPREADS, tag="sleep:0.02")
    folder = lonely.with_chunks_of(3, sweep)
    options: dict[str, Any] = {"poisonous": True, "lease_s": "3"}
    with running_worker(lonely.url, lonely.root, tmp_path / "1", **options) as worker:
        client = lonely.start(sweep)
        wait_until(lambda: len(folder.parts(61)) >= 3, "some parts are there")
        os.killpg(worker.process.pid, signal.SIGKILL)
        client.kill()
        client.communicate()
    with running_worker(lonely.url, lonely.root, tmp_path / "2", **options):
        answer = lonely.sweep(sweep)
    assert answer.returncode == 0, answer.stderr
    assert lonely.rows(sweep).equals(lonely.here(sweep))


def test_a_result_that_another_client_took_away_is_computed_again(
    lonely: Desk, tmp_path: Path
) -> None:
    """Somebody runs the same sweep into another folder: its chunks are the same jobs."""
    sweep = spec(*GRIDS)
    lonely.with_chunks_of(100, sweep)
    client = lonely.start(sweep)
    wait_until(lambda: lonely.open_chunks(sweep), "its chunk is sent")
    [chunk] = lonely.open_chunks(sweep)
    client.send_signal(signal.SIGSTOP)
    with running_worker(lonely.url, lonely.root, tmp_path / "log"):
        wait_until(lambda: lonely.ledger.have_results([chunk]) == [True], "the chunk is done")
        lonely.ledger.forget([chunk])
        client.send_signal(signal.SIGCONT)
        client.communicate()
    assert client.returncode == 0
    assert lonely.rows(sweep).equals(lonely.here(sweep))


def test_a_worker_whose_child_is_killed_runs_the_next_chunk(
    sweep_worker: WorkerProcess, desk: Desk
) -> None:
    """The replacement is forked by a parent that has compiled kernels: it must not hang."""
    sweep = spec({**SPREADS, "num": 2}, tag="sleep:0.5")
    desk.with_chunks_of(1, sweep)
    client = desk.start(sweep)
    wait_until(lambda: State.RUNNING in desk.ledger.states(desk.open_chunks(sweep)), "a chunk runs")
    for child in sweep_worker.children():
        os.kill(child, signal.SIGKILL)
    client.communicate()
    assert client.returncode == 0
    assert desk.rows(sweep).equals(desk.here(sweep))
    assert desk.sweep(spec(*GRIDS)).returncode == 0


@pytest.mark.usefixtures("sweep_worker")
@pytest.mark.parametrize(
    ("poison", "words"),
    [
        ("exit:9", "the process that ran the job died: exitcode 9"),
        ("loop", "the job ran longer than 3 s (ARBTUNE_JOB_TIME_LIMIT_S)"),
        ("memory", "bytes of memory (ARBTUNE_JOB_MEMORY_BYTES)"),
    ],
)
def test_a_config_that_ends_its_process_is_found_and_spoils_no_other(
    desk: Desk, poison: str, words: str
) -> None:
    """Among the configs that are timed beforehand as well: there are no more than those."""
    sweep = spec({**SPREADS, "num": 4}, tag=f"{poison}@{DEADLY}")
    answer = desk.sweep(sweep, "--json")
    assert answer.returncode == 1
    summary = json.loads(answer.stdout)
    assert (summary["succeeded"], summary["failed"]) == (3, 1)
    rows = desk.rows(sweep)
    [failed] = rows.filter(pl.col("status") == "error").to_dicts()
    assert failed["min_spread_bps"] == DEADLY
    assert words in failed["error"]
    assert {failed[name] for name in FIGURE_NAMES} == {None}
    sound = pl.col("min_spread_bps") != DEADLY
    assert rows.filter(sound).equals(desk.here(sweep).filter(sound))


# -- what cannot go on


@pytest.mark.usefixtures("sweep_worker")
def test_a_changed_file_is_another_sweep_and_a_chunk_of_the_old_one_fails(desk: Desk) -> None:
    path = desk.root / "changing.csv"
    sweep = spec(SPREADS, data_file="changing.csv")
    path.write_text(quotes_csv(), encoding="utf-8")
    first = json.loads(desk.sweep(sweep, "--json").stdout)
    path.write_text(quotes_csv(cycles=3), encoding="utf-8")
    second = json.loads(desk.sweep(sweep, "--json").stdout)
    assert first["sweep_id"] != second["sweep_id"]
    assert desk.rows(sweep).equals(desk.here(sweep))

    parsed = SweepSpec(**sweep)
    old = Chunk(
        spec=of_spec(parsed),
        start=0,
        stop=1,
        data_sha256="0" * 64,
        engine_version=ENGINE_VERSION,
    )
    desk.ledger.submit([old.submission("of-the-old")], CHUNKS)
    wait_until(lambda: desk.ledger.states(["of-the-old"]) == [State.ERROR], "it fails")
    record = desk.ledger.record("of-the-old")
    assert record is not None
    assert record.error is not None
    assert record.error["type"] == "DataChanged"
    assert record.error["retryable"] is False


def test_a_chunk_of_another_version_is_handed_back_uncounted(
    sweep_worker: WorkerProcess, desk: Desk
) -> None:
    parsed = SweepSpec(**spec(SPREADS))
    newer = Chunk(spec=of_spec(parsed), start=0, stop=1, data_sha256=None, engine_version="99")
    desk.ledger.submit([newer.submission("of-99")], CHUNKS)
    wait_until(
        lambda: len(sweep_worker.events("chunk.of_another_version")) >= 2, "it is handed back again"
    )
    record = desk.ledger.record("of-99")
    assert record is not None
    assert record.state.is_open
    assert record.attempts <= 1  # the one that runs now, if any
    desk.ledger.cancel("of-99", cancelled_meta("of-99"))


def test_a_sweep_ends_complete_beside_workers_of_another_version(
    lonely: Desk, tmp_path: Path
) -> None:
    sweep = spec({**SPREADS, "num": 6})
    folder = lonely.with_chunks_of(2, sweep)
    client = lonely.start(sweep)
    options: dict[str, Any] = {"poisonous": True, "max_attempts": "1"}
    with running_worker(
        lonely.url, lonely.root, tmp_path / "old", test_engine_version="0", **options
    ) as old:
        wait_until(lambda: old.events("chunk.of_another_version"), "the old one has met a chunk")
        with running_worker(lonely.url, lonely.root, tmp_path / "new", **options) as new:
            _, said = client.communicate()
            assert client.returncode == 0, said
    assert old.events("job.finished") == []
    assert len(new.events("job.finished")) == len(folder.parts(6)) == 3
    assert lonely.rows(sweep).equals(lonely.here(sweep))


@pytest.mark.usefixtures("sweep_worker")
def test_a_plain_celery_client_sends_a_chunk_by_its_name(desk: Desk) -> None:
    sweep = spec(*GRIDS)
    payload = {
        "spec": sweep,
        "start": 3,
        "stop": 9,
        "data_sha256": file_digest(desk.root / "quotes.csv"),
        "engine_version": ENGINE_VERSION,
    }
    client = Celery("somebody-else", broker=desk.url, backend=desk.url)
    sent = client.send_task(CHUNKS.task, args=[payload], queue=CHUNKS.queue)
    figures = unpacked(sent.get(timeout=PATIENCE_S)["figures"])
    expected = desk.here(sweep)[3:9]
    nulls = dict.fromkeys(NULLABLE_COUNTS)  # which travel as -1
    assert {name: column.to_list() for name, column in figures.items()} | nulls == {
        name: expected[name].to_list() for name in FIGURE_NAMES
    } | nulls
    backwards = {"chunk": {**payload, "stop": 2}}
    wrong = client.send_task(CHUNKS.task, kwargs=backwards, queue=CHUNKS.queue)
    with pytest.raises(ValueError, match="its range rises"):
        wrong.get(timeout=PATIENCE_S)
    again = client.send_task(CHUNKS.task, kwargs={"chunk": payload}, queue=CHUNKS.queue)
    assert again.get(timeout=PATIENCE_S)["stop"] == 9


@pytest.mark.usefixtures("sweep_worker")
def test_a_client_without_the_file_asks_the_workers(desk: Desk, tmp_path: Path) -> None:
    sweep = spec(*GRIDS)
    answer = desk.sweep(sweep, "--json", ARBTUNE_DATA_ROOT=str(tmp_path))
    assert answer.returncode == 0, answer.stderr
    assert desk.rows(sweep).equals(desk.here(sweep))
    nobody_has_it = desk.sweep({**sweep, "data_file": "none.csv"})
    assert one_sentence(nobody_has_it) == f"arbtune: Data file not found: {desk.root}/none.csv\n"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown field": (spec(SPREADS, surprise=1), "surprise"),
    "an empty grid": (spec({"name": "min_spread_bps", "values": []}), "min_spread_bps"),
    "a refused value": (spec(SPREADS, slippage_bps=-1), "slippage_bps must be non-negative"),
    "a name that stands twice": (spec(SPREADS, min_spread_bps=1), "min_spread_bps"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_spec_is_one_sentence_and_nothing_is_sent(lonely: Desk, case: str) -> None:
    sweep, words = WRONG[case]
    assert words in one_sentence(lonely.sweep(sweep))
    client: Any = redis.Redis.from_url(lonely.url)
    assert client.keys() == []
    assert not lonely.results.exists()


# -- looked after


@pytest.mark.parametrize("begins_with", ["a question", "a chunk"])
def test_where_no_worker_is_it_says_so_once_and_waits_for_one(
    lonely: Desk, tmp_path: Path, begins_with: str
) -> None:
    sweep = spec(*GRIDS)
    if begins_with == "a chunk":
        lonely.with_chunks_of(100, sweep)
    client = lonely.start(sweep)
    assert client.stderr is not None
    said = b""
    while b"no worker is present at " not in said:
        line = client.stderr.readline()
        assert line, said
        said += line
    with running_worker(lonely.url, lonely.root, tmp_path / "log"):
        _, more = client.communicate()
    assert client.returncode == 0, more
    assert b"no worker" not in more


def test_a_sweep_is_looked_at_cancelled_and_gone_on_with(lonely: Desk, tmp_path: Path) -> None:
    sweep = spec(SPREADS)
    folder = lonely.with_chunks_of(1, sweep)
    client = lonely.start(sweep)
    wait_until(lambda: len(lonely.open_chunks(sweep)) == 61, "all chunks are sent")
    status = lonely.sweep(sweep, "--status")
    assert (status.returncode, status.stderr) == (1, "")
    assert f"sweep {folder.sweep_id}: 0 of 61, chunks: 61 waiting\n" in status.stdout
    assert "no results yet" in status.stdout
    counted = json.loads(lonely.sweep(sweep, "--status", "--json").stdout)
    assert counted["chunks"] == {"running": 0, "queued": 61, "to_collect": 0}
    held = lonely.sweep(sweep)
    assert "another process collects results into" in one_sentence(held)

    cancelled = lonely.sweep(sweep, "--cancel", "--json")
    assert (cancelled.returncode, cancelled.stderr) == (0, "")
    assert json.loads(cancelled.stdout)["succeeded"] == 0
    _, complaint = client.communicate()
    assert client.returncode == 1
    *plain, last = complaint.decode().splitlines()
    assert last == "arbtune: the sweep was cancelled; the same command goes on with it"
    for line in plain:  # no terminal: now and then one that says where it stands
        is_warning = line.startswith("arbtune: warning: no worker is present at ")
        assert is_warning or line.startswith("0 of 61 configs (0%), 0 running, 61 queued")
    chunks = [f"{folder.sweep_id}.{number}-{number + 1}" for number in range(61)]
    assert set(lonely.ledger.states(chunks)) == {State.CANCELLED}

    client = lonely.start(sweep)
    wait_until(lambda: len(lonely.open_chunks(sweep)) == 61, "all chunks are sent again")
    client.kill()
    client.communicate()
    with running_worker(lonely.url, lonely.root, tmp_path / "log"):
        wait_until(lambda: not lonely.open_chunks(sweep), "the chunks end without their client")
    counted = json.loads(lonely.sweep(sweep, "--status", "--json").stdout)
    assert counted["chunks"] == {"running": 0, "queued": 0, "to_collect": 61}
    collected = lonely.sweep(sweep, "--collect", "--json")
    assert (collected.returncode, json.loads(collected.stdout)["succeeded"]) == (0, 61)
    assert lonely.rows(sweep).equals(lonely.here(sweep))


def test_a_sweep_of_its_own_server_and_workers(sweep_root: Path, tmp_path: Path) -> None:
    nowhere = "redis://127.0.0.1:1/0"
    desk = Desk(sweep_root, nowhere, tmp_path / "results")
    before = desk.sweep(spec(*GRIDS), "--local", "--status")
    assert (before.returncode, before.stderr) == (1, "")
    assert before.stdout.endswith("no results yet\n")
    answer = desk.sweep(spec(*GRIDS), "--local", "--json")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["succeeded"] == 28
    assert desk.rows(spec(*GRIDS)).equals(desk.here(spec(*GRIDS)))
    for flags in (("--status",), ("--local", "--status"), ("--local",), ()):  # all without a server
        again = desk.sweep(spec(*GRIDS), *flags, "--json")
        assert (again.returncode, again.stderr) == (0, "")
        found = json.loads(again.stdout)
        assert found.pop("chunks", NO_CHUNKS) == NO_CHUNKS
        assert found == json.loads(answer.stdout)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/etc/passwd", "is outside the data root: '/etc/passwd'"),
        ("none.csv", "Data file not found: "),
    ],
)
def test_a_file_that_own_workers_cannot_read_is_told_before_they_start(
    sweep_root: Path, tmp_path: Path, name: str, words: str
) -> None:
    desk = Desk(sweep_root, "redis://127.0.0.1:1/0", tmp_path / "results")
    said = one_sentence(desk.sweep(spec(*GRIDS, data_file=name), "--local"))
    assert words in said.removeprefix("arbtune: data_file ")
    assert str(sweep_root) in said


@pytest.mark.usefixtures("sweep_worker")
def test_a_sweep_in_which_nothing_trades_crowns_no_best(desk: Desk) -> None:
    sweep = spec({**SPREADS, "start": 500, "stop": 560})
    refused = one_sentence(desk.sweep(sweep))
    assert "no config of this sweep would trade: the largest spread in quotes.csv is " in refused
    assert "(min_spread_bps and costs) is 512 bps; --anyway runs it all the same" in refused
    assert not [*desk.results.rglob("*.json"), *desk.results.rglob("*.parquet")]  # nothing began
    answer = json.loads(desk.sweep(sweep, "--json", "--anyway").stdout)
    assert (answer["best"], answer["traded"], answer["lowest_threshold_bps"]) == (None, 0, 512.0)
    assert 0 < answer["data"]["largest_spread_bps"] < 512
    no_trade, skipped = answer["cautions"]
    assert no_trade.startswith("no config traded: the largest spread in the file is ")
    assert skipped == "1 of 101 rows are skipped: 1 with an empty book (a price of 0 or below)"
    shown = desk.sweep(sweep)
    assert shown.returncode == 0
    assert shown.stdout.splitlines()[2:] == answer["cautions"]


@pytest.mark.usefixtures("sweep_worker")
def test_the_best_can_be_enqueued_and_comes_to_the_same(desk: Desk) -> None:
    sweep = spec(*GRIDS, tag_prefix="s", extra={"why": ["a test"]})
    best = json.loads(desk.sweep(sweep, "--json").stdout)["best"]
    enqueue = [sys.executable, "-m", "worker.cli", "enqueue", "--jobs=-", "--wait", "--json"]
    done = subprocess.run(
        enqueue,
        input=json.dumps(best["config"]),
        env=desk.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    metrics = json.loads(done.stdout)["metrics"]
    drawdown = metrics.pop("max_drawdown_pct")
    assert drawdown == pytest.approx(best["metrics"].pop("max_drawdown_pct"), abs=1e-9)
    assert {name: metrics[name] for name in best["metrics"]} == best["metrics"]


# -- grown


def sent_since(worker: WorkerProcess, before: int) -> list[str]:
    """The chunks that a worker has run since so many jobs, without their sweep's id."""
    finished = [event["job_id"] for event in worker.events("job.finished")][before:]
    return sorted(job_id.rpartition(".")[2] for job_id in finished if "question" not in job_id)


def test_of_a_wider_grid_only_what_is_new_is_sent(sweep_worker: WorkerProcess, desk: Desk) -> None:
    narrow, wide = spec({**SPREADS, "num": 31, "stop": 30}, GRIDS[1]), spec(SPREADS, GRIDS[1])
    first = desk.sweep(narrow, "--json")
    assert json.loads(first.stdout)["copied"] == {}
    assert "copied" not in first.stderr
    known = json.loads(first.stdout)["sweep_id"]
    files, before = files_of(desk.folder(narrow)), len(sweep_worker.events("job.finished"))
    desk.with_chunks_of(122, wide)  # a slow machine would cut it in two
    again = desk.sweep(wide, "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["copied"] == {known: 62}
    assert json.loads(again.stdout)["succeeded"] == 122
    assert again.stderr.endswith(f"62 configs copied from sweep {known}\n60 configs computed\n")
    assert desk.rows(wide).equals(desk.here(wide))
    wanted = bits_of(np.arange(62, 122), 0, 122)
    assert wanted is not None
    digest = hashlib.sha256(wanted.encode()).hexdigest()
    assert sent_since(sweep_worker, before) == [f"0-122-{digest[:16]}"]
    assert files_of(desk.folder(narrow)) == files

    files, before = files_of(desk.folder(wide)), len(sweep_worker.events("job.finished"))
    same = desk.sweep(wide, "--json")
    assert json.loads(same.stdout) == json.loads(again.stdout) | {"copied": {}}
    fresh = desk.sweep(wide, "--json", "--fresh")
    assert json.loads(fresh.stdout)["copied"] == {}
    assert sent_since(sweep_worker, before) == ["0-122"]
    assert desk.rows(wide).equals(desk.here(wide))


def test_values_between_those_that_are_known_travel_together(
    sweep_worker: WorkerProcess, desk: Desk
) -> None:
    coarse, fine = spec(GRIDS[1], {**SPREADS, "num": 31}), spec(GRIDS[1], SPREADS)
    assert desk.sweep(coarse).returncode == 0
    before = len(sweep_worker.events("job.finished"))
    desk.with_chunks_of(25, fine)
    assert desk.sweep(fine).returncode == 0
    ranges = [chunk.split("-")[:2] for chunk in sent_since(sweep_worker, before)]
    assert ranges == [["0", "51"], ["102", "122"], ["51", "102"]]
    assert desk.rows(fine).equals(desk.here(fine))


def test_a_sweep_of_which_all_is_known_needs_no_server(
    sweep_root: Path, desk: Desk, sweep_worker: WorkerProcess
) -> None:
    assert sweep_worker.process.poll() is None
    facts = json.loads(desk.sweep(spec(*GRIDS), "--json").stdout)["data"]
    away = Desk(sweep_root, "redis://127.0.0.1:1/0", desk.results)
    reordered = spec(*reversed(GRIDS), tag_prefix="again")
    for sweep, flags in ((reordered, ()), (spec(*GRIDS, sample={"n": 9}), ("--local",))):
        answer = away.sweep(sweep, "--json", *flags)
        assert answer.returncode == 0, answer.stderr
        assert answer.stderr.endswith("\n0 configs computed\n")
        assert json.loads(answer.stdout)["data"] == facts
        assert away.rows(sweep).equals(away.here(sweep))


@pytest.mark.usefixtures("sweep_worker")
def test_a_new_config_that_ends_its_process_is_found_among_known_ones(desk: Desk) -> None:
    assert desk.sweep(spec({**SPREADS, "num": 7})).returncode == 0
    sweep = spec({**SPREADS, "num": 13}, tag="exit:9@35")
    answer = desk.sweep(sweep, "--json")
    summary = json.loads(answer.stdout)
    assert (summary["succeeded"], summary["failed"]) == (12, 1)
    assert [*summary["copied"].values()] == [7]
    sound = pl.col("config_number") != 7
    assert desk.rows(sweep).filter(sound).equals(desk.here(sweep).filter(sound))
    untagged = spec({**SPREADS, "num": 13})
    again = json.loads(desk.sweep(untagged, "--json").stdout)
    assert (again["succeeded"], sum(again["copied"].values())) == (13, 12)
    assert desk.rows(untagged).equals(desk.here(untagged))


def test_a_killed_client_of_a_grown_sweep_finds_what_it_had_sent(
    lonely: Desk, tmp_path: Path
) -> None:
    """And `--collect` keeps it; of a source that is gone, what it had is computed."""
    coarse, fine = spec({**SPREADS, "num": 31}), spec(SPREADS)
    run_sweep_in(lonely, coarse)
    lonely.with_chunks_of(4, fine)
    client = lonely.start(fine)
    wait_until(lambda: len(lonely.open_chunks(fine)) == 8, "all chunks are sent")
    client.kill()
    client.communicate()
    with running_worker(lonely.url, lonely.root, tmp_path / "1") as worker:
        wait_until(lambda: not lonely.open_chunks(fine), "the chunks end without their client")
        collected = lonely.sweep(fine, "--collect", "--json")
        assert (collected.returncode, json.loads(collected.stdout)["succeeded"]) == (0, 61)
        assert lonely.rows(fine).equals(lonely.here(fine))
        lonely.folder(fine).path.with_suffix(".json").unlink()
        lonely.folder(coarse).path.with_suffix(".json").unlink()
        before, wide = len(worker.events("job.finished")), spec(SPREADS, GRIDS[1])
        lonely.with_chunks_of(122, wide)
        assert lonely.sweep(wide).returncode == 0
        assert sent_since(worker, before) == ["0-122"]


def run_sweep_in(desk: Desk, sweep: dict[str, Any]) -> None:
    """Run a sweep in this process and keep its rows where the desk keeps them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(desk.root)
        run_sweep(SweepSpec(**sweep), results_dir=desk.results)


@pytest.mark.parametrize("flag", ["--status", "--fresh"])
def test_a_server_that_is_away_is_said_at_once(
    sweep_root: Path, tmp_path: Path, flag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("redis.retry.sleep", pauses.append)
    desk = Desk(sweep_root, "redis://127.0.0.1:1/0", tmp_path / "results")
    assert "cannot be reached" in one_sentence(desk.sweep(spec(*GRIDS), flag))
    assert len(pauses) == TRIES_OF_A_PERSON, "a worker, who has a result to keep, tries for longer"


@pytest.mark.parametrize("flag", ["--collect", "--cancel"])
def test_a_server_of_its_own_has_nothing_to_look_at(
    sweep_root: Path, tmp_path: Path, flag: str
) -> None:
    desk = Desk(sweep_root, "redis://127.0.0.1:1/0", tmp_path / "results")
    assert "--local is for running" in one_sentence(desk.sweep(spec(*GRIDS), "--local", flag))


@pytest.mark.usefixtures("sweep_worker")
def test_a_terminal_of_80_columns_has_each_row_on_a_line(desk: Desk) -> None:
    sweep = spec(*GRIDS, max_position_usd=1e6, rank_by="final_balance_usd")
    main, terminal = pty.openpty()
    client = subprocess.Popen(
        desk.command(sweep),
        env=desk.environment(COLUMNS="80", TERM="xterm", NO_COLOR="1"),
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(terminal)
    shown = read_all(main)
    _, progress = client.communicate()
    assert client.returncode == 0
    assert "\x1b" not in progress
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    table = lines[2 : lines.index("")]
    rows = [line for line in table if line.split()[0][0].isdigit()]
    assert 1 < len(rows) <= 10
    assert sum(int(row.split()[-1]) for row in rows) == SweepSpec(**sweep).total
    assert max(map(len, table)) <= 80
    best = desk.folder(sweep).best(SweepSpec(**sweep))
    assert best is not None
    assert f"{best['final_balance_usd']:,.2f}" in shown
    assert "…" not in shown


# What is imported until then takes half a second on a slow machine; what is not, much longer.
FIRST_LINE = """
import sys
from pathlib import Path
from worker.cli import main
class FirstLine:
    def isatty(self): return True
    def flush(self): pass
    def write(self, text):
        if text.strip():
            heavy = {"celery", "numba", "polars", "redis", "rich"} & set(sys.modules)
            sys.__stdout__.write(f"{text} {sorted(heavy)}")
            sys.__stdout__.flush()
            import os; os._exit(0)
sys.stderr = FirstLine()
main(["sweep", sys.argv[1], "--local"])
"""


def test_the_first_line_comes_before_what_takes_time(desk: Desk) -> None:
    *_, path = desk.command(spec(*GRIDS))
    done = subprocess.run(
        [sys.executable, "-c", FIRST_LINE, path],
        env=desk.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "28 configs over quotes.csv []"
