"""A data file in which every config earns something else, and a folder with one sweep of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from arbitrage.replay.many_configs import replay
from arbitrage.results.store import computing
from tests.conftest import HEADER
from tests.unit.results.store.grown import KEPT, Desk


def quotes_csv(rows: int = 200) -> str:
    """A market in which each basis point of a threshold changes the figures."""
    lines = [HEADER]
    for row in range(rows):
        gap = row * 17 % 60 / 100 - 0.1
        lines.append(f"{1_700_000_000 + row},99.99,100.01,{100 + gap:.2f},{100.02 + gap:.2f}\n")
    return "".join(lines)


@pytest.fixture(scope="session")
def quotes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data file of all sweeps here."""
    folder = tmp_path_factory.mktemp("quotes")
    (folder / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    return folder


@pytest.fixture
def desk(quotes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """With a finished sweep of ten spreads and two stops."""
    monkeypatch.chdir(quotes)
    place = Desk(tmp_path / "results")

    def counted(data: Any, columns: Any, count: int) -> Any:
        place.computed += count
        return replay(data, columns, count)

    monkeypatch.setattr(computing, "replay", counted)
    rows = place.run(KEPT)
    assert place.computed == 20
    assert 0 < rows["stopped_row"].null_count() < 20
    assert rows["net_pnl_usd"].n_unique() > 5
    return place
