"""Where a sweep's data file is looked for, and what is said of one that its workers cannot read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.errors import ConfigError, DataError
from tests.helpers.inputs.sweeps import spec
from worker.client.sweeps.data_place import placed
from worker.settings import Settings


@dataclass
class Place:
    """A data root with a project in it, and a project elsewhere."""

    root: Path
    inside: Path
    elsewhere: Path

    def placed(self, name: str, folder: Path, *, is_local: bool = True) -> tuple[str, Path]:
        sweep = SweepSpec(**spec(data_file=name))
        found, settings = placed(
            sweep, folder / "sweep.yaml", Settings(data_root=self.root), is_local=is_local
        )
        return found.data_file, settings.data_root


@pytest.fixture
def place(tmp_path: Path) -> Place:
    inside, elsewhere = tmp_path / "root" / "project", tmp_path / "elsewhere"
    for folder in (inside, elsewhere):
        folder.mkdir(parents=True)
        (folder / "beside.csv").touch()
    (tmp_path / "root" / "top.csv").touch()
    return Place(tmp_path / "root", inside, elsewhere)


@pytest.mark.parametrize("is_local", [True, False])
def test_the_data_root_comes_first(place: Place, *, is_local: bool) -> None:
    (place.inside / "top.csv").touch()
    assert place.placed("top.csv", place.inside, is_local=is_local) == ("top.csv", place.root)
    absolute = str(place.root / "top.csv")
    assert place.placed(absolute, place.elsewhere, is_local=is_local) == (absolute, place.root)


@pytest.mark.parametrize("is_local", [True, False])
def test_then_where_the_spec_lies(place: Place, *, is_local: bool) -> None:
    found = place.placed("beside.csv", place.inside, is_local=is_local)
    assert found == ("project/beside.csv", place.root)
    found = place.placed("../top.csv", place.inside, is_local=is_local)
    assert found == ("top.csv", place.root)


def test_own_workers_read_where_the_spec_lies_unless_a_root_was_set(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="outside the data root"):
        place.placed("beside.csv", place.elsewhere)
    monkeypatch.chdir(place.root)
    unset = Place(Settings.data_root, place.inside, place.elsewhere)
    assert unset.placed("beside.csv", place.elsewhere) == ("beside.csv", place.elsewhere)
    with pytest.raises(ConfigError, match="outside the data root"):
        unset.placed(str(place.elsewhere / "beside.csv"), place.elsewhere)


@pytest.mark.parametrize("name", ["../elsewhere/beside.csv", "/etc/passwd", "../none.csv"])
def test_a_path_outside_is_told_with_the_root_and_the_remedy(place: Place, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        place.placed(name, place.root)
    assert str(caught.value) == (
        f"data_file is outside the data root: {name!r} (jobs read files below ARBTUNE_DATA_ROOT "
        f"only, which is {place.root}: move the file there, or set it to a folder above the file)"
    )


def test_a_file_that_is_nowhere_is_told_with_each_place(place: Place) -> None:
    with pytest.raises(DataError) as caught:
        place.placed("none.csv", place.elsewhere)
    assert str(caught.value) == (
        f"Data file not found: {place.root / 'none.csv'}, nor {place.elsewhere / 'none.csv'}"
    )
    with pytest.raises(DataError) as caught:
        place.placed("none.csv", place.root)
    assert str(caught.value) == f"Data file not found: {place.root / 'none.csv'}"


@pytest.mark.parametrize("name", ["none.csv", "/data/quotes.csv", "../none.csv", "beside.csv"])
def test_workers_elsewhere_may_have_it(place: Place, name: str) -> None:
    assert place.placed(name, place.elsewhere, is_local=False) == (name, place.root)


@pytest.mark.parametrize("name", ["a\0b", "x" * 5_000])
def test_what_is_not_a_path_is_refused(place: Place, name: str) -> None:
    with pytest.raises(ConfigError, match="data_file is not a usable path"):
        place.placed(name, place.root)
