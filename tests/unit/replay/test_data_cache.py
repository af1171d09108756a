"""Prepared data files: read once, recognised, rebuilt when damaged, bounded."""

from __future__ import annotations

import gzip
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import zstandard

from arbitrage.data.files.data_file import DataFile, opened_data_file
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.errors import DataError
from arbitrage.replay.arrays import Arrays
from arbitrage.replay.files import data_cache
from arbitrage.replay.files.data_cache import file_digest, open_data
from arbitrage.replay.files.prepared_file import FileFacts, PreparedFile
from arbitrage.replay.files.preparing import prepare_file
from tests.conftest import HEADER, no_file_above, quotes_csv

Damage = Callable[[Path], object]

UNTRADABLE = "2024-01-01T00:02:00Z,0,0,100,101\n"
LONG_AGO = 1_700_000_000


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of this test's own; the folder of its data."""
    monkeypatch.setenv("ARBTUNE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "data"


@pytest.fixture
def quotes(tmp_path: Path) -> Path:
    return settled(tmp_path / "quotes.csv", quotes_csv() + UNTRADABLE)


def settled(path: Path, text: str) -> Path:
    """A file that nobody has written to for long."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def entries(cache: Path) -> list[Path]:
    return [meta.parent for meta in cache.glob("*/meta.json") if meta.parent.name[0] != "."]


def the_entry(cache: Path) -> Path:
    [entry] = entries(cache)
    return entry


def content(data: PreparedFile) -> dict[str, Any]:
    """All of it, to the bit."""
    arrays = {name: array.tobytes() for name, array in data.arrays().items()}
    return {"facts": data.facts, **arrays}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read from now on."""
    names: list[str] = []

    def counted(path: Path, limits: DataLimits, name: str) -> AbstractContextManager[DataFile]:
        names.append(name)
        return opened_data_file(path, limits, name)

    monkeypatch.setattr(data_cache, "opened_data_file", counted)
    return names


# -- recognised


def test_a_file_is_read_once(cache: Path, quotes: Path, reads: list[str]) -> None:
    first, again = open_data(quotes), open_data(quotes)
    assert reads == [str(quotes)]
    assert content(again) == content(first)
    assert (again.facts.rows, again.facts.skipped) == (101, 1)
    assert again.facts.data_sha256 == file_digest(quotes)
    assert the_entry(cache).name == f"{again.facts.data_sha256}-{data_cache.FORMAT}"


@pytest.mark.usefixtures("cache")
def test_what_is_opened_is_mapped_and_not_read(quotes: Path) -> None:
    """The first opening too, so that all processes share the pages of one copy."""
    for data in (open_data(quotes), open_data(quotes)):
        for name, array in data.arrays().items():
            base: Any = array
            while base is not None and not isinstance(base, np.memmap):
                base = base.base
            assert base is not None or not array.size, name
            assert not array.flags.writeable


@pytest.mark.usefixtures("cache")
def test_a_digest_is_known_without_reading_where_the_file_is(
    quotes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = file_digest(quotes)
    assert open_data(quotes).facts.data_sha256 == digest
    monkeypatch.setattr("hashlib.file_digest", pytest.fail)
    assert file_digest(quotes) == digest


@pytest.mark.usefixtures("cache")
def test_a_file_that_changes_is_another_one(quotes: Path, reads: list[str]) -> None:
    before = open_data(quotes)
    settled(quotes, quotes_csv(cycles=3))
    after = open_data(quotes)
    assert (before.facts.rows, after.facts.rows) == (101, 30)
    assert len(reads) == 2


@pytest.mark.usefixtures("cache")
def test_a_change_within_the_same_size_is_seen_by_its_time(quotes: Path) -> None:
    open_data(quotes)
    quotes.write_text(quotes.read_text().replace("100.50", "100.40"), encoding="utf-8")
    os.utime(quotes, (LONG_AGO + 1, LONG_AGO + 1))
    assert open_data(quotes).facts.data_sha256 == file_digest(quotes)


@pytest.mark.usefixtures("cache")
def test_a_file_of_another_name_and_the_same_bytes_shares_the_entry(
    quotes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = content(open_data(quotes))
    twin = settled(tmp_path / "twin.csv", quotes.read_text())
    monkeypatch.setattr(data_cache, "prepare", pytest.fail)
    assert content(open_data(twin)) == expected


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("age_s", [0.0, 1.5, -3600.0])
def test_a_file_that_may_still_be_written_to_is_not_remembered(
    quotes: Path, reads: list[str], age_s: float
) -> None:
    """Two writes within one tick of the clock of a file system look the same."""
    now = time.time() - age_s
    os.utime(quotes, (now, now))
    open_data(quotes)
    open_data(quotes)
    assert len(reads) == 2


def test_a_file_that_was_being_written_when_its_reading_began_is_not_remembered(
    cache: Path, quotes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the reading took: what counts is what may have come after it was opened."""
    now = time.time_ns()
    os.utime(quotes, ns=(now, now))

    def slow(path: Path, limits: DataLimits, name: str) -> AbstractContextManager[DataFile]:
        monkeypatch.setattr(time, "time_ns", lambda: now + 60 * 10**9)
        return opened_data_file(path, limits, name)

    monkeypatch.setattr(data_cache, "opened_data_file", slow)
    open_data(quotes)
    assert data_cache.DataCache(cache, PreparedFile).recognised(quotes) is None


# -- damaged


def cut(entry: Path) -> None:
    path = entry / "spread.npy"
    os.truncate(path, path.stat().st_size // 2)


def flip(entry: Path) -> None:
    with (entry / "price.npy").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))


def miscount(entry: Path) -> None:
    path = entry / "meta.json"
    path.write_text(path.read_text().replace('"rows": 101', '"rows": 102'))


def without_facts(entry: Path) -> None:
    (entry / "meta.json").write_text(json.dumps({"arrays": {}}))


DAMAGES: dict[str, Damage] = {
    "an array cut short": cut,
    "a byte of an array": flip,
    "an array gone": lambda entry: (entry / "records.npy").unlink(),
    "an empty array file": lambda entry: (entry / "exit.npy").write_bytes(b""),
    "meta data that are not JSON": lambda entry: (entry / "meta.json").write_bytes(b"\xff{"),
    "meta data that are a list": lambda entry: (entry / "meta.json").write_text("[1]"),
    "meta data without facts": without_facts,
    "a changed fact": miscount,
    "no meta data": lambda entry: (entry / "meta.json").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_built_again(
    cache: Path, quotes: Path, reads: list[str], damage: str
) -> None:
    expected = content(open_data(quotes))
    DAMAGES[damage](the_entry(cache))
    assert content(open_data(quotes)) == expected
    assert len(reads) == 2
    assert content(open_data(quotes)) == expected
    assert len(reads) == 2  # whole again


def test_what_a_dead_process_left_half_written_is_not_an_entry_and_goes_in_time(
    cache: Path, quotes: Path
) -> None:
    old, young = cache / ".tmp-old", cache / ".tmp-young"
    for folder in (cache.parent, cache, old, young):
        folder.mkdir(mode=0o700)
    for folder in (old, young):
        (folder / "spread.npy").write_bytes(b"half")
    old_note, young_note = cache / "seen" / ".old", cache / "seen" / ".young"
    old_note.parent.mkdir()
    for note in (old_note, young_note):
        note.write_bytes(b"half")
    for path in (old, old_note):
        os.utime(path, (LONG_AGO, LONG_AGO))
    open_data(quotes)
    assert not old.exists()
    assert not old_note.exists()
    assert young.exists()  # of somebody who may be alive
    assert young_note.exists()


def test_a_garbled_note_is_as_good_as_none(cache: Path, quotes: Path, reads: list[str]) -> None:
    open_data(quotes)
    [note] = (cache / "seen").iterdir()
    for garbage in (b"", b"\xff\xff", b"../../..", b"0" * 64):
        note.write_bytes(garbage)
        assert open_data(quotes).facts.rows == 101
    assert len(reads) == 5


# -- bounded, and by several at once


def test_the_oldest_are_put_out_when_the_cache_is_full(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [settled(tmp_path / f"{n}.csv", quotes_csv(cycles=10 + n)) for n in range(4)]
    digests = [open_data(file).facts.data_sha256 for file in files[:3]]
    for age, digest in enumerate([digests[1], digests[0], digests[2]]):
        meta = cache / f"{digest}-{data_cache.FORMAT}" / "meta.json"
        os.utime(meta, (LONG_AGO + age, LONG_AGO + age))
    open_data(files[1])  # used again, and so the youngest
    size = sum(file.stat().st_size for file in entries(cache)[0].iterdir())
    monkeypatch.setattr(data_cache, "MAX_CACHE_BYTES", int(2.5 * size))
    newest = open_data(files[3]).facts.data_sha256
    kept = {entry.name.partition("-")[0] for entry in entries(cache)}
    assert kept == {digests[1], newest}
    assert len(list((cache / "seen").iterdir())) == 2  # nor do the notes grow without bound


def test_an_entry_larger_than_the_bound_is_used_all_the_same(
    cache: Path, quotes: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_cache, "MAX_CACHE_BYTES", 1)
    open_data(quotes)
    open_data(quotes)
    assert len(reads) == len(entries(cache)) == 1


OPEN_PROGRAM = """
import sys
from arbitrage.replay.files import data_cache
prepare = data_cache.prepare
def told(*arguments):
    print("prepared")
    return prepare(*arguments)
data_cache.prepare = told
print(data_cache.open_data(sys.argv[1]).facts.data_sha256)
"""


def test_of_two_processes_one_prepares(cache: Path, quotes: Path) -> None:
    both = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN_PROGRAM, str(quotes)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [process.communicate()[0].split() for process in both]
    assert sorted(map(len, said)) == [1, 2]
    assert {words[-1] for words in said} == {the_entry(cache).name.partition("-")[0]}


def test_a_file_is_prepared_by_one_thread_after_the_other(
    cache: Path, tmp_path: Path, reads: list[str]
) -> None:
    """Different files too: preparing takes much memory."""
    files = [settled(tmp_path / f"{n}.csv", quotes_csv(cycles=3 + n)) for n in range(4)]
    threads = [threading.Thread(target=open_data, args=(file,)) for file in files * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reads) == len(entries(cache)) == 4


# -- no place to keep anything


@pytest.mark.parametrize("place", ["cache", "cache/data"])
def test_without_a_usable_folder_one_line_warns_and_the_data_are_right(
    tmp_path: Path,
    quotes: Path,
    place: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("ARBTUNE_CACHE_DIR", str(tmp_path / "sound"))
    expected = content(open_data(quotes))
    caplog.clear()  # that the kernels were compiled, where this is the first test to use them
    (tmp_path / "cache").mkdir(mode=0o700)
    (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / place).chmod(0o777)
    monkeypatch.setenv("ARBTUNE_CACHE_DIR", str(tmp_path / "cache"))
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert content(open_data(quotes)) == expected
            assert file_digest(quotes) == expected["facts"].data_sha256
    [record] = caplog.records
    assert f"{tmp_path / place} is not used, because other users may write" in record.getMessage()
    assert not list((tmp_path / place).rglob("*.npy"))


@pytest.mark.parametrize("room", [0, 100, 1_000])
def test_a_full_disk_is_said_and_the_data_are_right(
    cache: Path, quotes: Path, caplog: pytest.LogCaptureFixture, room: int
) -> None:
    expected = content(open_data(quotes))
    caplog.clear()  # that the kernels were compiled, where this is the first test to use them
    shutil.rmtree(cache)
    with no_file_above(room):
        for _ in range(2):
            assert content(open_data(quotes)) == expected
    [record] = caplog.records
    assert f"cannot write to the cache folder {cache.parent}: File too large" in record.getMessage()
    assert not list(cache.rglob("*.npy"))
    open_data(quotes)
    assert entries(cache)


def test_a_cache_folder_that_vanishes_is_made_again(cache: Path, quotes: Path) -> None:
    expected = content(open_data(quotes))

    def while_it_vanishes(
        _: type[PreparedFile], file: DataFile, limits: DataLimits, arrays: Arrays
    ) -> FileFacts:
        shutil.rmtree(cache.parent, ignore_errors=True)
        return prepare_file(file, limits, arrays)

    shutil.rmtree(cache)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(data_cache, "prepare", while_it_vanishes)
        assert content(open_data(quotes)) == expected
    assert content(open_data(quotes)) == expected
    assert entries(cache)


# -- limits, kinds of files


def test_limits_hold_for_what_was_prepared_under_others(
    cache: Path, quotes: Path, reads: list[str]
) -> None:
    open_data(quotes)
    with pytest.raises(DataError, match=r"'q' has more than 100 rows \(ARBTUNE_MAX_ROWS\)"):
        open_data(quotes, DataLimits(max_rows=100), name="q")
    with pytest.raises(DataError, match=r"'q' is larger than 99 bytes \(ARBTUNE_MAX_BYTES\)"):
        open_data(quotes, DataLimits(max_bytes=99), name="q")
    size = quotes.stat().st_size
    assert open_data(quotes, DataLimits(max_rows=101, max_bytes=size)).facts.rows == 101
    assert len(reads) == len(entries(cache)) == 1


@pytest.mark.usefixtures("cache")
def test_the_bound_on_bytes_counts_what_an_archive_unpacks_to(tmp_path: Path) -> None:
    path = tmp_path / "quotes.csv.gz"
    path.write_bytes(gzip.compress(quotes_csv().encode()))
    os.utime(path, (LONG_AGO, LONG_AGO))
    limits = DataLimits(max_bytes=path.stat().st_size)
    with pytest.raises(DataError, match="ARBTUNE_MAX_BYTES"):
        open_data(path, limits)
    assert open_data(path).facts.rows == 100
    with pytest.raises(DataError, match="ARBTUNE_MAX_BYTES"):
        open_data(path, limits)


def as_parquet(path: Path, text: str) -> None:
    pl.read_csv(text.encode()).write_parquet(path)


KINDS: dict[str, Callable[[Path, str], object]] = {
    "quotes.csv.gz": lambda path, text: path.write_bytes(gzip.compress(text.encode())),
    "quotes.csv.zst": lambda path, text: path.write_bytes(zstandard.compress(text.encode())),
    "quotes.parquet": as_parquet,
}


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_is_prepared_to_the_same(
    tmp_path: Path, quotes: Path, reads: list[str], name: str
) -> None:
    expected = content(open_data(quotes))
    path = tmp_path / name
    KINDS[name](path, quotes.read_text())
    os.utime(path, (LONG_AGO, LONG_AGO))
    for _ in range(2):
        found = open_data(path)
        assert found.facts.data_sha256 == file_digest(path) != expected["facts"].data_sha256
        assert {**content(found), "facts": None} == {**expected, "facts": None}
    assert len(reads) == 2


@pytest.mark.usefixtures("cache")
def test_a_row_keeps_the_timestamp_of_the_file(tmp_path: Path) -> None:
    """Of every row, tradable or not, in the file's own spelling."""
    stamps = ["2024-01-01 00:00:00", "2024-01-01T00:00:01+00:00", "2024-01-01T00:00:01.500Z"]
    rows = "".join(f"{stamp},0,0,1,2\n" for stamp in stamps)
    data = open_data(settled(tmp_path / "quotes.csv", HEADER + rows))
    assert [data.timestamp(row) for row in range(3)] == stamps
    assert (data.facts.rows, data.facts.skipped) == (3, 3)


@pytest.mark.usefixtures("cache")
def test_bad_files_say_so_each_time_and_are_not_kept(
    cache: Path, quotes: Path, tmp_path: Path
) -> None:
    bad = settled(tmp_path / "bad.csv", quotes.read_text() + "x\n")
    for _ in range(2):
        with pytest.raises(DataError, match="Invalid row 103"):
            open_data(bad)
        with pytest.raises(FileNotFoundError, match="Data file not found: q"):
            open_data(tmp_path / "none", name="q")
        with pytest.raises(DataError, match="is a folder, not a file"):
            open_data(tmp_path)
        with pytest.raises(DataError, match="is not a path of a data file"):
            open_data("a\0b")
    assert entries(cache) == []


def test_the_digest_of_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="is a pipe, not a file"):
        file_digest(tmp_path / "pipe")
