"""Prepared data files: read once, recognised, and put out when the cache is full."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from arbitrage.caches.cache_folder import cache_folder
from arbitrage.data.files.data_file import DataFile, opened_data_file
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.replay.files import data_cache
from arbitrage.replay.files.data_cache import file_digest, open_data
from arbitrage.replay.files.prepared_file import PreparedFile
from tests.conftest import quotes_csv
from tests.unit.replay.files.cached import (
    LONG_AGO,
    check_mapped,
    content,
    entries,
    settled,
    the_entry,
)


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
        check_mapped(data)


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


def kept_bytes(cache: Path) -> int:
    return sum(file.stat().st_size for file in cache.glob("*/*.npy"))


def test_many_small_files_are_kept_without_a_look_at_all_entries_for_each(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How often it looks is that of the bytes kept, and what is there stays within the bound."""
    files = [settled(tmp_path / f"{n}.csv", quotes_csv(cycles=10 + n)) for n in range(30)]
    open_data(files[0])
    first = kept_bytes(cache)
    monkeypatch.setattr(data_cache, "MAX_CACHE_BYTES", 5 * first * data_cache._ROOM)
    looks: list[int] = []
    evict = data_cache.DataCache._evict_oldest

    def look(of: data_cache.DataCache[PreparedFile]) -> None:
        looks.append(len(entries(cache)))
        evict(of)

    monkeypatch.setattr(data_cache.DataCache, "_evict_oldest", look)
    for file in files[1:]:
        open_data(file)
    assert len(entries(cache)) == len(files)
    assert 0 < len(looks) <= (kept_bytes(cache) - first) // (5 * first)


def test_an_entry_larger_than_the_bound_is_used_all_the_same(
    cache: Path, quotes: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_cache, "MAX_CACHE_BYTES", 1)
    open_data(quotes)
    open_data(quotes)
    assert len(reads) == len(entries(cache)) == 1


OPEN_PROGRAM = """
import os, sys
from arbitrage.replay.files import data_cache
prepare = data_cache.prepare
def told(*arguments):
    os.write(1, b"prepared\\n")
    return prepare(*arguments)
data_cache.prepare = told
other = os.fork()  # before polars runs, which would wait for its threads
digest = data_cache.open_data(sys.argv[1]).facts.data_sha256
os.write(1, f"{digest}\\n".encode())
if other:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]))
"""


def test_of_two_processes_one_prepares(quotes: Path, tmp_path: Path) -> None:
    own = tmp_path / "cache"
    own.mkdir(mode=0o700)
    shutil.copytree(cache_folder() / "kernels", own / "kernels")  # or they would compile
    both = subprocess.run(
        [sys.executable, "-c", OPEN_PROGRAM, str(quotes)],
        env={**os.environ, "ARBTUNE_CACHE_DIR": str(own)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    digest = the_entry(own / "data").name.partition("-")[0]
    assert sorted(both.stdout.split()) == sorted(["prepared", digest, digest])


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
