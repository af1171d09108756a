"""Data files of tests, and what the cache holds of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from arbitrage.replay.files.prepared_file import PreparedFile
from arbitrage.replay.files.prepared_rows import PreparedRows

UNTRADABLE = "2024-01-01T00:02:00Z,0,0,100,101\n"
LONG_AGO = 1_700_000_000


def settled(path: Path, text: str) -> Path:
    """A file that nobody has written to for long."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def entries(cache: Path) -> list[Path]:
    return [meta.parent for meta in cache.glob("*/meta.json") if meta.parent.name[0] != "."]


def the_entry(cache: Path) -> Path:
    [entry] = entries(cache)
    return entry


def content(data: PreparedFile | PreparedRows) -> dict[str, Any]:
    """All of it, to the bit."""
    arrays = {name: array.tobytes() for name, array in data.arrays().items()}
    return {"facts": data.facts, **arrays}


def check_mapped(data: PreparedFile | PreparedRows) -> None:
    """Each of its arrays is a file's pages, which nobody may write to."""
    for name, array in data.arrays().items():
        base: Any = array
        while base is not None and not isinstance(base, np.memmap):
            base = base.base
        assert base is not None or not array.size, name
        assert not array.flags.writeable
