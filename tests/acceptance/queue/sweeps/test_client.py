"""What somebody who runs a sweep is told: that it waits, where it stands, why it cannot go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.acceptance.queue.sweeps.desk import GRIDS, SPREADS, Desk, one_sentence
from tests.conftest import running_worker, wait_until
from tests.helpers.inputs.sweeps import spec
from worker.ledger.ledger import State
from worker.ledger.patience import TRIES_OF_A_PERSON


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
    sweep = spec({**SPREADS, "num": 7})
    folder = lonely.with_chunks_of(1, sweep)
    client = lonely.start(sweep)
    wait_until(lambda: len(lonely.open_chunks(sweep)) == 7, "all chunks are sent")
    status = lonely.sweep(sweep, "--status")
    assert (status.returncode, status.stderr) == (1, "")
    assert f"sweep {folder.sweep_id}: 0 of 7, chunks: 7 waiting\n" in status.stdout
    assert "no results yet" in status.stdout
    counted = json.loads(lonely.sweep(sweep, "--status", "--json").stdout)
    assert counted["chunks"] == {"running": 0, "queued": 7, "to_collect": 0}
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
        assert is_warning or line.startswith("0 of 7 configs (0%), 0 running, 7 queued")
    chunks = [f"{folder.sweep_id}.{number}-{number + 1}" for number in range(7)]
    assert set(lonely.ledger.states(chunks)) == {State.CANCELLED}

    client = lonely.start(sweep)
    wait_until(lambda: len(lonely.open_chunks(sweep)) == 7, "all chunks are sent again")
    client.kill()
    client.communicate()
    with running_worker(lonely.url, lonely.root, tmp_path / "log"):
        wait_until(lambda: not lonely.open_chunks(sweep), "the chunks end without their client")
    counted = json.loads(lonely.sweep(sweep, "--status", "--json").stdout)
    assert counted["chunks"] == {"running": 0, "queued": 0, "to_collect": 7}
    collected = lonely.sweep(sweep, "--collect", "--json")
    assert (collected.returncode, json.loads(collected.stdout)["succeeded"]) == (0, 7)
    assert lonely.rows(sweep).equals(lonely.here(sweep))


@pytest.mark.parametrize("flag", ["--status", "--fresh"])
def test_a_server_that_is_away_is_said_at_once(
    sweep_root: Path, tmp_path: Path, flag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("redis.retry.sleep", pauses.append)
    desk = Desk(sweep_root, "redis://127.0.0.1:1/0", tmp_path / "results")
    assert "cannot be reached" in one_sentence(desk.sweep(spec(*GRIDS), flag))
    assert len(pauses) == TRIES_OF_A_PERSON, "a worker, who has a result to keep, tries for longer"
