"""The raw samples are what their script makes, and the sources those that the page lists."""

from __future__ import annotations

import hashlib
from pathlib import Path

from arbitrage.data.venues.sources import SOURCES
from scripts.make_sample_data import RAW_OUTPUTS, RAW_ROWS, SEED_WITH_SIZES
from scripts.raw_files import make_files

ROOT = Path(__file__).resolve().parents[4]


def test_the_raw_files_are_made_by_the_script_and_have_the_sums_of_the_page() -> None:
    page = (ROOT / "data/README.md").read_text(encoding="utf-8")
    for path, text in zip(RAW_OUTPUTS, make_files(RAW_ROWS, SEED_WITH_SIZES), strict=True):
        assert (ROOT / path).read_text(encoding="utf-8") == text
        assert hashlib.sha256(text.encode()).hexdigest() in page


def test_every_source_has_its_row_in_the_page() -> None:
    page = (ROOT / "docs/data.md").read_text(encoding="utf-8")
    assert [source.name for source in SOURCES if f"| `{source.name}` |" not in page] == []
