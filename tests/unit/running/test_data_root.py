"""Queued jobs read below the data root and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from arbitrage.errors import ConfigError
from worker.running.jobs.data_root import resolve_in_root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data root beside a folder that jobs must not see."""
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "a.csv").touch()
    (tmp_path / "outside.csv").touch()
    (root / "out").symlink_to(tmp_path / "outside.csv")
    (root / "sub" / "in").symlink_to(root / "a.csv")
    (tmp_path / "root-too").mkdir()
    return root


@pytest.mark.parametrize("data_file", ["a.csv", "./sub/../a.csv", "sub/in"])
def test_paths_inside_are_resolved(root: Path, data_file: str) -> None:
    assert resolve_in_root(data_file, root) == root.resolve() / "a.csv"


def test_an_absolute_path_inside_is_fine(root: Path) -> None:
    assert resolve_in_root(str(root / "a.csv"), root) == root.resolve() / "a.csv"


@pytest.mark.parametrize(
    "data_file",
    ["../outside.csv", "out", "/etc/passwd", "sub/../../outside.csv", "../root-too/a.csv", "~/a"],
)
def test_paths_outside_are_refused(root: Path, data_file: str) -> None:
    if data_file == "~/a":
        assert resolve_in_root(data_file, root) == root.resolve() / "~" / "a"
        return
    with pytest.raises(ConfigError, match="outside the data root"):
        resolve_in_root(data_file, root)


@pytest.mark.parametrize("data_file", ["a\0b", "a\udfffb"])
def test_what_is_not_a_path_is_refused(root: Path, data_file: str) -> None:
    with pytest.raises(ConfigError, match="data_file"):
        resolve_in_root(data_file, root)


def test_a_loop_of_links_is_refused_or_not_found(root: Path) -> None:
    (root / "loop").symlink_to(root / "loop")
    with pytest.raises((ConfigError, OSError)):
        resolve_in_root("loop", root).read_bytes()


def test_the_root_may_be_a_link_or_relative(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    monkeypatch.chdir(root.parent)
    for given in (link, Path("link"), Path("root")):
        assert resolve_in_root("a.csv", given) == root.resolve() / "a.csv"
