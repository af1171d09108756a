"""Clients, workers and their children die in the middle of a sweep, and it ends complete."""

from __future__ import annotations

import json
import os
import random
import signal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from arbitrage.documents.figures import FIGURE_NAMES
from tests.acceptance.queue.sweeps.desk import GRIDS, SPREADS, Desk, files_of
from tests.conftest import WorkerProcess, running_worker, wait_until
from tests.helpers.inputs.sweeps import spec
from worker.ledger.ledger import State

DEADLY = 20  # the min_spread_bps of the config that a poison is meant for


@pytest.mark.usefixtures("sweep_worker")
def test_a_killed_client_goes_on_where_it_was(desk: Desk) -> None:
    sweep = spec({**SPREADS, "num": 21}, tag="sleep:0.02")
    folder = desk.with_chunks_of(1, sweep)
    luck = random.Random(7)
    for _ in range(2):
        parts = len(folder.parts(21))
        client = desk.start(sweep)
        some = parts + luck.randint(1, 7)

        def are_there(some: int = some) -> bool:
            return len(folder.parts(21)) >= some

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
    sweep = spec({**SPREADS, "num": 21}, tag="sleep:0.02")
    folder = lonely.with_chunks_of(1, sweep)
    options: dict[str, Any] = {"poisonous": True, "lease_s": "3"}
    with running_worker(lonely.url, lonely.root, tmp_path / "1", **options) as worker:
        client = lonely.start(sweep)
        wait_until(lambda: len(folder.parts(21)) >= 3, "some parts are there")
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
