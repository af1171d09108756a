"""A short market with an edge."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.luck.markets import MEAN_REVERTING, write_market


@pytest.fixture(scope="session")
def quotes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short file with an edge: 600 rows, of which 60 periods of 10 s."""
    path = tmp_path_factory.mktemp("luck") / "quotes.parquet"
    write_market(path, MEAN_REVERTING, seed=3, rows=1_200)
    return path
