"""A cache of each test's own, a file for it, and what is read."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from arbitrage.data.files.data_file import DataFile, opened_data_file
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.replay.files import data_cache
from arbitrage.replay.many_configs import warm_up
from tests.conftest import quotes_csv
from tests.unit.replay.files.cached import UNTRADABLE, settled


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of this test's own; the folder of its data. Kernels are loaded already."""
    warm_up()
    monkeypatch.setenv("ARBTUNE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "data"


@pytest.fixture
def quotes(tmp_path: Path) -> Path:
    return settled(tmp_path / "quotes.csv", quotes_csv() + UNTRADABLE)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read from now on."""
    names: list[str] = []

    def counted(path: Path, limits: DataLimits, name: str) -> AbstractContextManager[DataFile]:
        names.append(name)
        return opened_data_file(path, limits, name)

    monkeypatch.setattr(data_cache, "opened_data_file", counted)
    return names
