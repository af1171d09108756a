"""Chunks of other data, of other versions and of other clients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.figures import FIGURE_NAMES, NULLABLE_COUNTS
from arbitrage.replay.files.data_cache import file_digest
from arbitrage.sweep import SweepSpec
from tests.acceptance.queue.sweeps.desk import GRIDS, SPREADS, Desk
from tests.conftest import PATIENCE_S, WorkerProcess, quotes_csv, running_worker, wait_until
from tests.helpers.inputs.sweeps import spec
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.envelope import CHUNKS
from worker.ledger.ledger import State
from worker.running.jobs.chunk_figures import unpacked
from worker.running.jobs.chunks import Chunk, of_spec


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
