"""Machine code is kept between processes, made again where it is damaged, and never in the way."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arbitrage.caches import compiled as module
from arbitrage.caches.compiled import compiled, one_at_a_time
from tests.conftest import no_file_above

COMPILING = "compiling the kernels, which takes some seconds"
NO_ROOM = (
    "cannot write to the cache folder {}: File too large; "
    "ARBTUNE_CACHE_DIR can name another, of your own"
)


def doubled(number: float) -> float:
    return 2 * number


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of this test's own."""
    monkeypatch.setenv("ARBTUNE_CACHE_DIR", str(tmp_path / "cache"))
    module._say_that_it_takes_time.cache_clear()
    return tmp_path / "cache"


def in_a_new_process() -> tuple[int, int]:
    """How often a process that doubles a number loads and compiles what it needs for that."""
    kernel: Any = compiled(doubled)
    assert kernel(21.0) == 42.0
    return sum(kernel.stats.cache_hits.values()), sum(kernel.stats.cache_misses.values())


LOADED, COMPILED = (1, 0), (0, 1)


def files(cache: Path) -> list[Path]:
    return sorted(cache.glob("kernels/*/*/*.nb[ic]"))


def test_the_next_process_loads_what_one_compiled_and_said_so(
    cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert in_a_new_process() == COMPILED
    assert [record.getMessage() for record in caplog.records] == [COMPILING]
    assert [path.suffix for path in files(cache)] == [".nbc", ".nbi"]
    assert in_a_new_process() == LOADED
    assert len(caplog.records) == 1


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: os.truncate(path, 0),
    "a byte short": lambda path: os.truncate(path, path.stat().st_size - 1),
    "a flipped bit in the middle": lambda path: flip(path, path.stat().st_size // 2),
    "a flipped bit at the end": lambda path: flip(path, -1),
    "gone": lambda path: path.unlink(),
    "not readable": lambda path: path.chmod(0),
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that has what doubling a number needs."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARBTUNE_CACHE_DIR", str(folder))
        in_a_new_process()
    return folder


@pytest.mark.usefixtures("caplog")
@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_made_again(kept: Path, cache: Path, damage: str, suffix: str) -> None:
    shutil.copytree(kept, cache)
    [path] = (path for path in files(cache) if path.suffix == suffix)
    DAMAGES[damage](path)
    reads_all_the_same = damage == "not readable" and os.geteuid() == 0
    assert in_a_new_process() == (LOADED if reads_all_the_same else COMPILED)
    assert in_a_new_process() == LOADED


def test_a_cache_folder_that_vanishes_is_made_again(cache: Path) -> None:
    kernel: Any = compiled(doubled)
    shutil.rmtree(cache, ignore_errors=True)
    assert kernel(21.0) == 42.0
    shutil.rmtree(cache)
    with one_at_a_time():
        assert in_a_new_process() == COMPILED
    assert in_a_new_process() == LOADED


def test_where_a_folder_stands_in_the_way_it_is_compiled_and_said(
    cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_a_new_process()
    for path in files(cache):
        path.unlink()
        path.mkdir()
    for _ in range(2):
        assert in_a_new_process() == COMPILED
    said = caplog.records[-1].getMessage()
    assert f"cannot write to the cache folder {cache}: " in said


class RunsWhenItIsLoaded:
    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> Any:
        return Path.touch, (self.proof,)


def test_code_of_another_user_is_not_run(
    cache: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_a_new_process()
    cache.chmod(0o777)
    for path in files(cache):
        path.write_bytes(pickle.dumps(RunsWhenItIsLoaded(tmp_path / "proof")))
    assert in_a_new_process() == COMPILED
    assert not (tmp_path / "proof").exists()
    assert "other users may write to it" in caplog.text


def test_a_full_disk_is_said_and_leaves_nothing_that_is_half_written(
    cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with no_file_above(100):
        for _ in range(2):
            assert in_a_new_process() == COMPILED
    assert [record.getMessage() for record in caplog.records] == [
        COMPILING,
        NO_ROOM.format(cache),
    ]
    assert not [path for path in cache.rglob("*") if path.is_file()]
    in_a_new_process()
    assert in_a_new_process() == LOADED


def test_kernels_are_prepared_where_there_is_no_room_for_them(tmp_path: Path) -> None:
    """The command that compiles ahead goes on too: of one kernel of all, which take long."""
    program = (
        "import resource\n"
        "from arbitrage.data.venues.books.kernels import warming\n"
        "from arbitrage.replay import kernel_calls, option_calls\n"
        "from scripts import prepare_kernels\n"
        "warming.warm_up = lambda: None\n"
        "kernel_calls.windows_of = lambda quotes: quotes\n"
        "kernel_calls.replay_all = lambda quotes, _: quotes\n"
        "option_calls.replay_with_options = lambda *_: None\n"
        "from arbitrage.replay.periods import period_profits\n"
        "period_profits.warm_up = lambda: None\n"
        "from arbitrage.results.explain import recording\n"
        "recording.warm_up = lambda: None\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "raise SystemExit(prepare_kernels.main([]))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "ARBTUNE_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    said = answer.stderr.splitlines()
    assert (answer.returncode, answer.stdout) == (0, "")
    assert said == [f"arbtune: {COMPILING}", f"arbtune: {NO_ROOM.format(tmp_path)}"]
