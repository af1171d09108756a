"""The cache folder: nobody else's, made for us alone, and never in the way of a job."""

from __future__ import annotations

import logging
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from arbitrage.caches.cache_folder import cache_folder, own_folder

SOMEBODY = 54_321


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the cache folder of this test belongs; it is not there yet."""
    monkeypatch.setenv("ARBTUNE_CACHE_DIR", str(tmp_path / "above" / "cache"))
    return tmp_path / "above" / "cache"


def mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


def test_what_is_made_is_ours_alone(place: Path) -> None:
    before = os.umask(0)
    try:
        assert own_folder("kernels", "x") == place / "kernels" / "x"
    finally:
        os.umask(before)
    assert {mode(place), mode(place / "kernels"), mode(place / "kernels" / "x")} == {0o700}


def test_what_others_may_only_read_is_used(place: Path) -> None:
    place.mkdir(parents=True)
    place.chmod(0o755)
    assert own_folder("data") == place / "data"
    assert mode(place) == 0o755


def as_a_link(place: Path) -> None:
    (place.parent / "elsewhere").mkdir(mode=0o700)
    place.symlink_to(place.parent / "elsewhere")


def open_to(bits: int) -> Callable[[Path], None]:
    def make(place: Path) -> None:
        place.mkdir()
        place.chmod(0o700 | bits)

    return make


def open_inside(place: Path) -> None:
    place.mkdir(mode=0o700)
    (place / "kernels").mkdir()
    (place / "kernels").chmod(0o777)


def below_a_file(place: Path) -> None:
    place.parent.rmdir()
    place.parent.write_bytes(b"")


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link": (as_a_link, "{} is not used, because it is a link"),
    "a dead link": (lambda place: place.symlink_to("nowhere"), "{} is not used, because it is a"),
    "a file": (lambda place: place.write_bytes(b""), "{} is not used, because it is not a folder"),
    "below a file": (below_a_file, "cannot write to the cache folder {}: Not a directory"),
    "open to its group": (open_to(0o020), "{} is not used, because other users may write to it"),
    "open to all": (open_to(0o1777), "{} is not used, because other users may write to it"),
    "open inside": (open_inside, "{}/kernels is not used, because other users may write to it"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_folder_that_may_hold_what_others_wrote_is_refused_in_a_sentence(
    place: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    make, sentence = FAULTS[fault]
    place.parent.mkdir()
    make(place)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert own_folder("kernels") is None
    [record] = caplog.records
    assert sentence.format(place) in record.getMessage()
    assert record.getMessage().endswith("; ARBTUNE_CACHE_DIR can name another, of your own")


def test_the_folder_of_another_user_is_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    place.mkdir(mode=0o700, parents=True)
    if os.geteuid() == 0:
        os.chown(place, SOMEBODY, SOMEBODY)
    else:  # who cannot give a folder away
        monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    assert own_folder("data") is None
    assert f"{place} is not used, because it belongs to another user" in caplog.text


def test_a_user_without_a_home_has_a_folder_of_his_own_in_the_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_a_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("ARBTUNE_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", without_a_home)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    expected = tmp_path / f"arbtune-{os.getuid()}"
    assert own_folder() == cache_folder() == expected
    assert mode(expected) == 0o700
    expected.chmod(0o777)
    assert own_folder() is None


def test_a_cache_folder_of_the_environment_that_is_relative_is_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So its standard says: else the folder would be another wherever one stands."""
    monkeypatch.delenv("ARBTUNE_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "caches")
    assert cache_folder() == tmp_path / ".cache" / "arbtune"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert cache_folder() == tmp_path / "caches" / "arbtune"
