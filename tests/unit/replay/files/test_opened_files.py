"""What is opened through the cache is the file: every kind of it, within its limits."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import zstandard

from arbitrage.data.files.data_limits import DataLimits
from arbitrage.errors import DataError
from arbitrage.replay.files.data_cache import file_digest, open_data
from tests.conftest import HEADER, quotes_csv
from tests.unit.replay.files.cached import LONG_AGO, content, entries, settled


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
