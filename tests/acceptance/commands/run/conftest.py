"""A folder with a data file to run jobs in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import quotes_csv


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    return tmp_path
