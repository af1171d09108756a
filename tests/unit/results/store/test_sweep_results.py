"""A sweep's folder: finished parts, what is missing, and the best row, after a kill at any time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.documents.whole_file import UNFINISHED
from arbitrage.errors import ConfigError, DataError
from arbitrage.results.store.folder import SweepFolder, digest_of_latest
from arbitrage.results.store.ranking import RowCounts
from arbitrage.results.store.rows import SCHEMA, sweep_rows
from tests.helpers.inputs.examples import examples
from tests.helpers.inputs.sweeps import spec
from tests.unit.results.store.numbered import GRID, SWEEP, rows_of

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    made = SweepFolder(tmp_path, "id")
    with made.exclusively():
        pass
    return made


def numbers(folder: SweepFolder, total: int = 100) -> list[int]:
    found: list[int] = folder.rows(total).collect()["config_number"].to_list()
    return found


def files(folder: SweepFolder) -> dict[str, tuple[int, bytes]]:
    """All files with what a rewrite changes."""
    return {
        path.name: (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.path.iterdir()
        if path.name != ".lock"
    }


def test_a_folder_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path / "none", "id")
    assert list(folder.missing(5, 2)) == [(0, 2), (2, 4), (4, 5)]
    assert numbers(folder) == []
    assert folder.rows(100).collect().schema == SCHEMA
    assert folder.best(SWEEP) is None
    assert folder.count_rows(100) == RowCounts(0, 0, 0, None)
    assert folder.first_error(100) is None
    assert not folder.path.exists()


def test_parts_are_read_in_the_order_of_their_configs(folder: SweepFolder) -> None:
    for start, stop in [(50, 100), (0, 7), (7, 50)]:
        folder.write_part(rows_of(start, stop))
    assert sorted(files(folder)) == [
        "part-000000000000-000000000007.parquet",
        "part-000000000007-000000000050.parquet",
        "part-000000000050-000000000100.parquet",
    ]
    assert folder.rows(100).collect().equals(rows_of(0, 100))
    assert list(folder.missing(100, 10)) == []


def test_every_parquet_has_the_one_schema(folder: SweepFolder) -> None:
    folder.write_part(rows_of(0, 3))
    folder.write_part(sweep_rows(SWEEP, 3, 5, {}, {3: "x", 4: "x"}))
    for path in folder.path.glob("*.parquet"):
        assert pl.read_parquet(path).schema == SCHEMA
    # Of the three that ran, the first has no trade; they cost 12 bps, and ask for 0 at least.
    assert folder.count_rows(100) == RowCounts(3, 2, 2, 12.0)
    assert folder.first_error(100) == "x"


def test_what_is_missing_comes_in_pieces(folder: SweepFolder) -> None:
    folder.write_part(rows_of(10, 20))
    folder.write_part(rows_of(25, 30))
    assert list(folder.missing(40, 8)) == [(0, 8), (8, 10), (20, 25), (30, 38), (38, 40)]


def test_more_jobs_later_keep_what_is_there(folder: SweepFolder) -> None:
    few, many = (SweepSpec(**spec(GRID, max_jobs=jobs)) for jobs in (7, 90))
    folder.write_part(rows_of(0, 7))
    assert list(folder.missing(few.total, 50)) == []
    assert list(folder.missing(many.total, 50)) == [(7, 57), (57, 90)]
    folder.write_part(rows_of(7, 90))
    assert numbers(folder, few.total) == list(range(7))
    assert folder.best(few)["net_pnl_usd"] == 6.0  # type: ignore[index]
    assert folder.count_rows(few.total).succeeded == 7


RANGES = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 15)).map(lambda pair: (pair[0], sum(pair))),
    max_size=6,
)


@given(RANGES, st.integers(1, 50), st.integers(1, 20))
@examples(20)
def test_every_config_counts_once_whatever_ranges_are_there(
    tmp_path_factory: pytest.TempPathFactory,
    ranges: list[tuple[int, int]],
    total: int,
    size: int,
) -> None:
    folder = SweepFolder(tmp_path_factory.mktemp("results"), "id")
    folder.path.mkdir()
    for start, stop in ranges:
        folder.write_part(rows_of(start, stop))
    there = {number for start, stop in ranges for number in range(start, stop) if number < total}
    assert numbers(folder, total) == sorted(there)
    missing = list(folder.missing(total, size))
    assert all(0 < stop - start <= size for start, stop in missing)
    absent = [number for start, stop in missing for number in range(start, stop)]
    assert absent == [number for number in range(total) if number not in there]


def test_other_files_are_not_parts(folder: SweepFolder) -> None:
    for name in ("part-0-5.parquet.tmp", ".arbtune-x.tmp", "part-0.parquet", "part-a-b.parquet"):
        (folder.path / name).write_text("x")
    assert list(folder.missing(5, 5)) == [(0, 5)]


def test_a_path_is_taken_literally(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path / "a=1" / "[x]*", "id")
    with folder.exclusively():
        folder.write_part(rows_of(0, 5))
    assert folder.rows(100).collect().equals(rows_of(0, 5))


def described(folder: SweepFolder) -> dict[str, Any]:
    text = folder.path.with_name("id.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_sweep_is_described_beside_its_rows(folder: SweepFolder) -> None:
    facts = {"snapshots_count": 5}
    folder.describe(SWEEP, "hash", "1", 100, facts)
    document = described(folder)
    assert document == {
        "sweep_id": "id",
        "spec": json.loads(SWEEP.to_json()),
        "data_sha256": "hash",
        "engine_version": "1",
        "total": 100,
        "chunk_size": 100,
        "data": facts,
        "has_had_rows": False,
    }
    assert SweepSpec.model_validate(document["spec"]).identity() == SWEEP.identity()
    folder.describe(SWEEP, "hash", "1", 100)  # one that resumes has not asked what the data are
    assert described(folder) == document


READERS: dict[str, Callable[[Path], list[int]]] = {
    "polars": lambda path: pl.read_parquet(path)["config_number"].to_list(),
    "lazy polars": lambda path: pl.scan_parquet(path).collect()["config_number"].to_list(),
    "pyarrow": lambda path: parquet.read_table(path)["config_number"].to_pylist(),
}


@pytest.mark.parametrize("reader", READERS)
def test_the_folder_is_read_whole(folder: SweepFolder, reader: str) -> None:
    with folder.exclusively():
        folder.describe(SWEEP, "hash", "1", 50)
        for start, stop in folder.missing(100, 50):
            folder.write_part(rows_of(start, stop))
            assert READERS[reader](folder.path) == list(range(stop))


def chunk_size(folder: SweepFolder) -> int | None:
    known = folder.description()
    return known.chunk_size if known else None


def test_a_folder_of_an_older_version_resumes_and_is_read_whole(folder: SweepFolder) -> None:
    folder.describe(SWEEP, "hash", "1", 7)
    folder.write_part(rows_of(0, 50))
    folder.path.with_name("id.json").rename(folder.path / "sweep.json")
    (folder.path / ".arbtune-of-one-that-died.tmp").write_text("x")
    assert chunk_size(folder) == 7
    assert digest_of_latest(folder.path.parent, SWEEP) == "hash"
    assert numbers(folder) == list(range(50))
    with folder.exclusively():
        assert chunk_size(folder) == 7
        assert digest_of_latest(folder.path.parent, SWEEP) == "hash"
        assert list(folder.missing(100, 50)) == [(50, 100)]
        for read in READERS.values():
            assert read(folder.path) == list(range(50))


@pytest.mark.parametrize("text", ["", "[]", '{"chunk_size": 5}', '{"status": "success"}'])
def test_another_file_among_the_results_describes_no_sweep(folder: SweepFolder, text: str) -> None:
    folder.path.with_name("id.json").write_text(text, encoding="utf-8")
    assert folder.description() is None
    assert digest_of_latest(folder.path.parent, SWEEP) is None


def test_a_second_run_rewrites_nothing(folder: SweepFolder) -> None:
    folder.describe(SWEEP, "hash", "1", 100)
    folder.write_part(rows_of(0, 100))
    before = files(folder)
    with folder.exclusively():
        folder.describe(SWEEP, "hash", "1", 100)
        assert list(folder.missing(100, 10)) == []
    assert files(folder) == before


def test_more_jobs_are_written_down(folder: SweepFolder) -> None:
    for jobs in (7, 90):
        folder.describe(SweepSpec(**spec(GRID, max_jobs=jobs)), "hash", "1", 100)
    assert described(folder)["total"] == 90


def test_a_cleared_folder_starts_anew(folder: SweepFolder) -> None:
    folder.write_part(rows_of(0, 100))
    folder.clear()
    assert list(folder.missing(100, 100)) == [(0, 100)]


def test_the_best_is_the_first_by_its_rank(folder: SweepFolder) -> None:
    folder.write_part(rows_of(0, 50))
    folder.write_part(rows_of(50, 100))
    best = folder.best(SWEEP)
    assert best is not None
    assert (best["config_number"], best["net_pnl_usd"]) == (99, 99.0)
    assert list(best) == list(SCHEMA)


def test_a_damaged_part_is_named(folder: SweepFolder) -> None:
    folder.write_part(rows_of(0, 5))
    folder.write_part(rows_of(5, 9))
    damaged = folder.path / "part-000000000005-000000000009.parquet"
    damaged.write_bytes(damaged.read_bytes()[:200])  # without its checksum
    with pytest.raises(DataError) as caught:
        folder.best(SWEEP)
    assert str(caught.value) == (
        f"the results in {damaged} cannot be read: delete the file and run the sweep again, or run "
        "it with --fresh"
    )
    with pytest.raises(DataError, match="delete the file"):
        folder.count_rows(100)


def test_one_process_at_a_time(folder: SweepFolder) -> None:
    with (
        folder.exclusively(),
        pytest.raises(ConfigError, match="another process collects results into"),
        SweepFolder(folder.path.parent, "id").exclusively(),
    ):
        pass
    with folder.exclusively():
        pass


def test_an_error_of_the_holder_is_its_own(folder: SweepFolder) -> None:
    with pytest.raises(BlockingIOError), folder.exclusively():
        raise BlockingIOError


def test_results_that_cannot_be_written_are_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    folder = SweepFolder(tmp_path / "file", "id")
    with (
        pytest.raises(ConfigError, match=r"cannot write results to .*: Not a directory"),
        folder.exclusively(),
    ):
        pass


def test_a_part_that_cannot_be_written_leaves_nothing(folder: SweepFolder) -> None:
    target = folder.path / "part-000000000000-000000000005.parquet"
    target.mkdir()
    with pytest.raises(ConfigError, match=r"cannot write results to .*: Is a directory"):
        folder.write_part(rows_of(0, 5))
    assert [path.name for path in folder.path.iterdir() if path.name != ".lock"] == [target.name]


WRITER = """
import os, signal, sys
from arbitrage.results.store.folder import SweepFolder
from tests.unit.results.store.numbered import rows_of
syncs, sync = iter(range(1, 100)), os.fsync
def killed_at_the_last(handle):
    if next(syncs) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    sync(handle)
os.fsync = killed_at_the_last
folder = SweepFolder(sys.argv[1], "id")
with folder.exclusively():
    for start, stop in folder.missing(100, 10):
        folder.write_part(rows_of(start, stop))
"""


@pytest.mark.parametrize(("syncs", "parts"), [(2, 1), (5, 2)])
def test_a_killed_writer_leaves_whole_parts_and_the_next_goes_on(
    tmp_path: Path, syncs: int, parts: int
) -> None:
    """Killed before a part gets its name (odd), or after (even)."""
    writer = [sys.executable, "-c", WRITER, str(tmp_path), str(syncs)]
    assert subprocess.run(writer, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    folder = SweepFolder(tmp_path, "id")
    assert numbers(folder) == list(range(10 * parts))
    unfinished = list(tmp_path.glob(UNFINISHED))
    assert len(unfinished) == syncs % 2
    assert {path.suffix for path in folder.path.iterdir() if path.name != ".lock"} <= {".parquet"}
    for path in unfinished:
        os.utime(path, (0, 0))  # a young one may be of somebody who is alive
    with folder.exclusively():
        assert not list(tmp_path.glob(UNFINISHED))
        for start, stop in folder.missing(100, 10):
            folder.write_part(rows_of(start, stop))
    assert folder.rows(100).collect().equals(rows_of(0, 100))
