"""The lock files: each holds the program's own pins, and no address."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def pins(name: str) -> set[str]:
    text = (ROOT / f"requirements{name}.lock").read_text(encoding="utf-8")
    return set(re.findall(r"^[a-z0-9-]+(?:\[[a-z,]+\])?==\S+", text, flags=re.MULTILINE))


@pytest.mark.parametrize("extra", ["-bench", "-dev", "-flower", "-traces"])
def test_an_extra_holds_what_the_program_alone_does(extra: str) -> None:
    assert pins("") - pins(extra) == set()


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("requirements*.lock")), ids=lambda path: path.name
)
def test_no_lock_holds_an_address(path: Path) -> None:
    assert not re.search(r"https?://", path.read_text(encoding="utf-8"))
