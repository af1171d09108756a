"""Large files are read and hashed whole, whatever happens to them in the meantime."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from arbitrage.data.files.big_buffer import read_whole

MIB = 2**20


@pytest.fixture(scope="module")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "bytes"
    path.write_bytes(random.Random(5).randbytes(9 * MIB + 3))
    return path


@pytest.mark.parametrize(
    "size_a_moment_ago",
    [
        pytest.param(9 * MIB + 3, id="as it is"),
        pytest.param(8 * MIB + 1, id="it has grown"),
        pytest.param(10 * MIB, id="it has shrunk"),
        pytest.param(20 * MIB, id="it has shrunk to less than half"),
        pytest.param(5, id="it was small"),
    ],
)
def test_all_bytes_of_a_file_are_read_and_hashed(large_file: Path, size_a_moment_ago: int) -> None:
    with large_file.open("rb") as file:
        content, digest = read_whole(file, size_a_moment_ago)
    assert content == large_file.read_bytes()
    assert digest.hexdigest() == hashlib.sha256(content).hexdigest()
