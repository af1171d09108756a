"""Sweeps are found by what their users call them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.errors import ConfigError
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.known_sweeps import config_named, known_sweeps, sweep_named
from tests.helpers.inputs.sweeps import spec
from worker.cli import main

GRID = {"name": "min_spread_bps", "start": 0, "stop": 9, "num": 10}
SPEC = SweepSpec(**spec(GRID))


def kept(results_dir: Path, sweep_id: str, *, age_s: int, sweep: SweepSpec = SPEC) -> None:
    """A sweep in the folder, its description written so many seconds ago."""
    folder = SweepFolder(results_dir, sweep_id)
    with folder.exclusively():
        folder.describe(sweep, "0" * 64, "2")
    path = results_dir / f"{sweep_id}.json"
    moment = path.stat().st_mtime - age_s
    os.utime(path, (moment, moment))


@pytest.fixture
def results_dir(tmp_path: Path) -> Path:
    kept(tmp_path, "abc1", age_s=20)
    kept(tmp_path, "abd2", age_s=10)
    kept(tmp_path, "xyz3", age_s=30, sweep=SweepSpec(**spec(GRID, min_position_usd=5)))
    return tmp_path


def test_lists_them_with_the_last_written_first(results_dir: Path) -> None:
    (results_dir / "other.json").write_text('{"foreign": 1}')

    assert [known.sweep_id for known in known_sweeps(results_dir)] == ["abd2", "abc1", "xyz3"]


@pytest.mark.parametrize(
    ("word", "found"), [("latest", "abd2"), ("abc", "abc1"), ("abc1", "abc1"), ("x", "xyz3")]
)
def test_finds_one_by_its_id(results_dir: Path, word: str, found: str) -> None:
    assert sweep_named(word, results_dir).sweep_id == found


def test_finds_one_by_its_folder(results_dir: Path) -> None:
    elsewhere = results_dir / "empty"

    assert sweep_named(f"{results_dir}/abc1/", elsewhere).sweep_id == "abc1"


def test_a_spec_file_means_its_last_run(results_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "sweep.yaml"
    path.write_text(json.dumps(spec(GRID)))

    assert sweep_named(str(path), results_dir).sweep_id == "abd2"


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("ab", "'ab' is the beginning of several sweeps: abc1, abd2"),
        ("q", r"no sweep 'q' in .*: see arbtune sweeps"),
        ("", "no sweep ''"),
        ("abc1:10", "'abc1:10': the sweep has configs 0 to 9"),
        ("abc1:-1", "'abc1:-1': a config's number is a whole number, not '-1'"),
        ("abc1:", "'abc1:': a config's number is a whole number, not ''"),
    ],
)
def test_says_what_there_is_not(results_dir: Path, word: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=f"^{sentence}"):
        config_named(word, results_dir)


def test_there_is_no_latest_of_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^no sweep 'latest'"):
        sweep_named("latest", tmp_path)


def test_names_a_config(results_dir: Path) -> None:
    known, number = config_named("latest:9", results_dir)

    assert (known.sweep_id, number) == ("abd2", 9)
    assert config_named("abc", results_dir)[1] is None


def test_a_sweep_without_rows_is_not_exported(
    results_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARBTUNE_RESULTS_DIR", str(results_dir))
    output = results_dir / "rows.csv"

    assert main(["export", "abc1", "-o", str(output)]) == 1
    assert capsys.readouterr().err == "arbtune: sweep abc1 has no results yet: run it\n"
    assert not output.exists()


# -- a results folder that may not be read


@contextmanager
def as_an_ordinary_user() -> Iterator[None]:
    """Root may read everything."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.parametrize("rights", [0o000, 0o444])
def test_a_results_folder_that_may_not_be_read_is_told(rights: int) -> None:
    with TemporaryDirectory() as folder:  # the folders above it are open to all
        results_dir = Path(folder)
        (results_dir / "a.json").write_text("{}")
        results_dir.chmod(rights)
        with as_an_ordinary_user(), pytest.raises(ConfigError) as caught:
            sweep_named("latest", results_dir)
        results_dir.chmod(0o700)
    assert str(caught.value).startswith(
        f"cannot read the results folder {results_dir}: Permission denied: give its user the right"
    )


def test_a_file_in_place_of_a_results_folder_is_told(tmp_path: Path) -> None:
    path = tmp_path / "results"
    path.write_text("")
    with pytest.raises(ConfigError, match=f"cannot read the results folder {path}: Not a direc"):
        next(known_sweeps(path))


def test_a_results_folder_that_is_not_there_has_no_sweeps(tmp_path: Path) -> None:
    assert [*known_sweeps(tmp_path / "none")] == []
