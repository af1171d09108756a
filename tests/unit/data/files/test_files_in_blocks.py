"""Files are read block by block: little of them at a time, and every byte of them hashed."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import zstandard

from arbitrage.data.files.data_file import DataFile, opened_data_file
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.readers.block_reader import read_blocks
from arbitrage.data.readers.line_blocks import BLOCK_BYTES
from arbitrage.errors import DataChanged
from tests.helpers.inputs.data_files import HEADER

ROWS = 110_000


@pytest.fixture(scope="module")
def text() -> bytes:
    """A CSV of several blocks."""
    lines = (
        f"{row},1.{row:016},2.{row:016},3.{row:016},4.{row:016}\n"
        for row in range(10**6, 10**6 + ROWS)
    )
    found = f"{HEADER}\n{''.join(lines)}".encode()
    assert len(found) > 2 * BLOCK_BYTES
    return found


def packed(text: bytes) -> dict[str, bytes]:
    parquet = io.BytesIO()
    pl.read_csv(text).write_parquet(parquet, row_group_size=40_000)
    return {
        "csv": text,
        "gz": gzip.compress(text, 1),
        "zst": zstandard.compress(text),
        "parquet": parquet.getvalue(),
        "parquet.gz": gzip.compress(parquet.getvalue(), 1),
    }


@pytest.fixture(scope="module")
def paths(text: bytes, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("blocks")
    for name, content in packed(text).items():
        (folder / name).write_bytes(content)
    return {path.name: path for path in folder.iterdir()}


@pytest.fixture(params=["csv", "gz", "zst", "parquet", "parquet.gz"])
def file(request: pytest.FixtureRequest, paths: dict[str, Path]) -> Iterator[DataFile]:
    with opened_data_file(paths[request.param], DataLimits(), "q") as file:
        yield file


def test_all_rows_come_and_all_bytes_are_hashed(file: DataFile, paths: dict[str, Path]) -> None:
    blocks = list(read_blocks(file, DataLimits()))
    assert len(blocks) > 1
    stamps = pl.concat([block.frame()["timestamp"] for block in blocks])
    assert stamps.to_list() == [str(row) for row in range(10**6, 10**6 + ROWS)]
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in paths.values()}
    assert file.sha256 in digests
    assert len(digests) == len(paths)


def test_the_digest_may_be_asked_for_first(file: DataFile) -> None:
    digest = file.sha256
    assert sum(block.numbers.height for block in read_blocks(file, DataLimits())) == ROWS
    assert file.sha256 == digest


def test_no_more_is_read_than_is_asked_for(paths: dict[str, Path]) -> None:
    """All of a file in memory would be several times its size there."""
    with opened_data_file(paths["csv"], DataLimits(), "q") as file:
        next(read_blocks(file, DataLimits()))
        assert file.content_bytes <= 2 * BLOCK_BYTES < paths["csv"].stat().st_size


def test_a_file_that_is_written_to_while_it_is_read_is_not_kept(
    paths: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "quotes.parquet"
    path.write_bytes(paths["parquet"].read_bytes())
    with opened_data_file(path, DataLimits(), "q") as file:
        blocks = read_blocks(file, DataLimits())
        next(blocks)
        os.utime(path, (0, 0))
        list(blocks)
        with pytest.raises(DataChanged, match="'q' has changed while it was being read"):
            assert file.sha256


class _Failing(io.BytesIO):
    def read(self, _: int | None = -1) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_an_error_of_the_disk_is_not_called_damage(
    paths: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may pass, and then the job is tried again."""
    with opened_data_file(paths["parquet"], DataLimits(), "q") as file:
        monkeypatch.setattr(file, "stored", lambda: _Failing(paths["parquet"].read_bytes()))
        with pytest.raises(OSError, match="Input/output error") as caught:
            list(read_blocks(file, DataLimits()))
    assert caught.value.errno == errno.EIO
