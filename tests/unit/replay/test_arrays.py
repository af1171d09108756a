"""Arrays that grow, in files and in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from arbitrage.replay.arrays import Arrays, CannotKeepError
from tests.conftest import no_file_above

KINDS: dict[str, Callable[[Path], Arrays]] = {
    "in a folder": Arrays.in_folder,
    "in memory": lambda _: Arrays.in_memory(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_put_is_there(tmp_path: Path, kind: str) -> None:
    arrays = KINDS[kind](tmp_path)
    numbers, pairs = arrays.new("numbers", np.int64), arrays.new("pairs", np.float64, 2)
    arrays.new("none", np.uint8)
    for start in (0, 3):
        numbers.append(np.arange(start, start + 3))
    pairs.put(1, np.array([[3.0, 4.0], [5.0, 6.0]]))
    pairs.put(0, np.array([[1.0, 2.0]]))
    assert numbers.rows(1, 4).tolist() == [1, 2, 3]
    assert (len(numbers), len(pairs)) == (6, 3)
    assert arrays.finish_one("pairs").tolist() == [[1, 2], [3, 4], [5, 6]]
    found = arrays.finish()
    assert found["numbers"].tolist() == list(range(6))
    assert found["none"].tolist() == []
    assert not any(array.flags.writeable for array in found.values())
    for file in tmp_path.iterdir():
        np.testing.assert_array_equal(np.load(file), found[file.stem])


def test_what_cannot_be_written_is_told_from_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CannotKeepError):
        Arrays.in_folder(tmp_path / "none").new("numbers", np.int64)
    arrays = Arrays.in_folder(tmp_path)
    numbers = arrays.new("numbers", np.int64)
    with no_file_above(1_000), pytest.raises(CannotKeepError, match="File too large"):
        numbers.append(np.arange(100_000))
    arrays.abandon()
