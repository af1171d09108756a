"""Real workers under jobs that mean harm: each fails with a sentence, and the next one runs."""

from __future__ import annotations

import gzip
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import redis

from arbitrage.data.columns import COLUMNS
from tests.conftest import JOB, WorkerProcess, ledger_at, quotes_csv, running_worker, wait_until
from worker.client.embedded import embedded_server
from worker.client.jobs.sending import send, submission
from worker.ledger.envelope import job_message
from worker.ledger.ledger import Ledger, State

MUCH = 400 * 2**20  # bytes, where a job may take 256 MiB


def outcome(ledger: Ledger, job_id: str) -> dict[str, Any]:
    """The error of a job when it has ended, or nothing when it succeeded."""

    def has_ended() -> bool:
        record = ledger.record(job_id)
        return record is not None and not record.state.is_open

    wait_until(has_ended, f"the job {job_id} ends")
    record = ledger.record(job_id)
    assert record is not None
    return dict(record.error or {})


def enqueue(ledger: Ledger, **changes: Any) -> str:
    [[job_id]] = list(send(ledger, [submission({**JOB, **changes})]))
    return job_id


@pytest.fixture
def odd_files(data_root: Path, tmp_path: Path) -> Path:
    """What a data root may hold that is not a data file."""
    folder = data_root / "odd"
    if folder.exists():
        return folder
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
    (tmp_path / "secret.csv").write_text(quotes_csv(), encoding="utf-8")
    (folder / "link-out").symlink_to(tmp_path / "secret.csv")
    (folder / "folder-out").symlink_to(tmp_path)
    (folder / "device").symlink_to("/dev/zero")
    (folder / "loop").symlink_to(folder / "loop")
    return folder


CONFINED = {
    "odd/pipe": "is a pipe, not a file",
    "odd/socket": "cannot read the data file 'odd/socket'",
    "odd/link-out": "outside the data root",
    "odd/folder-out/secret.csv": "outside the data root",
    "odd/device": "outside the data root",
    "odd/loop": "odd/loop",
    "odd": "is a folder, not a file",
    "../secret.csv": "outside the data root",
    "odd/../../secret.csv": "outside the data root",
    "/etc/passwd": "outside the data root",
    "/proc/self/environ": "outside the data root",
    "quotes.csv\0.gz": "data_file is not a usable path",
    "a/" * 3_000: "",
}


@pytest.mark.usefixtures("odd_files")
@pytest.mark.parametrize("data_file", CONFINED)
def test_jobs_read_files_below_the_data_root_and_nothing_else(
    worker: WorkerProcess, redis_url: str, data_file: str
) -> None:
    ledger = ledger_at(redis_url)
    error = outcome(ledger, enqueue(ledger, data_file=data_file))
    assert error["type"] in ("ValueError", "FileNotFoundError")
    assert CONFINED[data_file] in error["message"]
    assert len(error["message"]) <= 2_000
    assert error["attempts"] == 1
    assert worker.process.poll() is None


@pytest.mark.parametrize("depth", [800, 100_000])
def test_a_message_of_great_depth_ends_its_job_and_no_worker(
    worker: WorkerProcess, redis_url: str, depth: int
) -> None:
    ledger = ledger_at(redis_url)
    job_id = f"deep-{depth}"
    text = json.dumps({**JOB, "tag": None}).replace("null", "[" * depth + "]" * depth)
    redis.Redis.from_url(redis_url).lpush("celery", job_message(job_id, text))
    assert outcome(ledger, job_id)["message"] == "the job is nested more than 100 levels deep"
    assert outcome(ledger, enqueue(ledger)) == {}
    assert worker.log_text().count("worker.ready") == 1


def test_the_largest_job_has_a_bounded_result(worker: WorkerProcess, redis_url: str) -> None:
    ledger = ledger_at(redis_url)
    job_id = enqueue(ledger, tag="é" * 32_000)
    assert outcome(ledger, job_id) == {}
    [meta] = ledger.results([job_id])
    assert len(json.dumps(meta)) < 2**18
    assert worker.process.poll() is None


@pytest.fixture(scope="module")
def bounded_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, Path]]:
    """A worker whose jobs may take 256 MiB, by its server's ledger and its data root."""
    root = tmp_path_factory.mktemp("bounded")
    (root / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    bound = str(256 * 2**20)
    with (
        embedded_server() as url,
        running_worker(url, root, root / "log", job_memory_bytes=bound, max_attempts="1") as worker,
    ):
        yield ledger_at(url), root
        assert worker.process.poll() is None
        assert worker.log_text().count("worker.ready") == 1


def one_cell_of_many_bytes(path: Path) -> None:
    """A row is read whole, and so is a cell."""
    header, row, *_ = quotes_csv().splitlines()
    begin, part = (gzip.compress(text.encode()) for text in (f"{header},note\n{row},", "x" * 2**20))
    path.write_bytes(begin + part * (MUCH // 2**20) + gzip.compress(b"\n"))


def one_group_of_many_rows(path: Path) -> None:
    """The library that reads a group of rows has no word for a lack of memory, and aborts."""
    rows = MUCH // 64
    quote = {
        name: [price] for name, price in zip(COLUMNS[1:], (99.0, 100.0, 99.0, 100.0), strict=True)
    }
    columns = {name: pl.Series(one).new_from_index(0, rows) for name, one in quote.items()}
    stamps = pl.Series([1_700_000_000_000]).new_from_index(0, rows)
    pl.DataFrame({COLUMNS[0]: stamps, **columns}).write_parquet(path, row_group_size=rows)


@pytest.mark.parametrize("write", [one_cell_of_many_bytes, one_group_of_many_rows])
def test_a_job_that_needs_too_much_memory_fails_and_the_next_one_runs(
    bounded_worker: tuple[Ledger, Path], write: Callable[[Path], None]
) -> None:
    ledger, root = bounded_worker
    write(root / "big")
    error = outcome(ledger, enqueue(ledger, data_file="big"))
    assert error["type"] in ("MemoryError", "WorkerLostError"), error
    assert "memory" in error["message"]
    assert outcome(ledger, enqueue(ledger)) == {}
    assert ledger.counts()[State.RUNNING] == 0
