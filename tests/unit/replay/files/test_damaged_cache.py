"""Damaged entries of the cache are built again; where it cannot be kept, the data are right."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from arbitrage.data.files.data_file import DataFile
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.replay.arrays import Arrays
from arbitrage.replay.files import data_cache
from arbitrage.replay.files.data_cache import file_digest, open_data
from arbitrage.replay.files.prepared_file import FileFacts, PreparedFile
from arbitrage.replay.files.preparing import prepare_file
from tests.conftest import no_file_above
from tests.unit.replay.files.cached import LONG_AGO, content, entries, the_entry

Damage = Callable[[Path], object]


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
