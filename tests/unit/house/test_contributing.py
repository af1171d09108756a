"""What CONTRIBUTING.md names is there: files, rooms, targets of make. One version everywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
WALKS = ("Add a config field", "Add a figure", "Add a command", "Add a data format")


def rooms(package: str) -> set[str]:
    return {str(path.parent.relative_to(ROOT)) for path in ROOT.glob(f"{package}/*/__init__.py")}


def test_every_file_that_is_named_is_there() -> None:
    named = re.findall(
        r"\b(?:arbitrage|benchmarks|deploy|docs|scripts|tests|worker)/[\w./]*\w", PAGE
    )
    assert len(named) > 30
    missing = [path for path in named if "NAME" not in path and not (ROOT / path).exists()]
    assert missing == []


def test_what_stands_in_a_file_by_its_name_is_there() -> None:
    named = re.findall(r"`(\w+)` (?:in|of)\s+`([\w/]+\.py)`", PAGE.replace("\n  ", " "))
    assert len(named) > 8
    for name, path in named:
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text(encoding="utf-8")), (name, path)


def test_every_room_has_its_line() -> None:
    listed = re.findall(r"^    ((?:arbitrage|worker)/\w+) ", PAGE, flags=re.MULTILINE)
    assert set(listed) == rooms("arbitrage") | rooms("worker")


def test_the_folders_that_a_room_is_said_to_have_are_there() -> None:
    block = re.search(r"^The rooms:\n\n((?:    .*\n)+)", PAGE, flags=re.MULTILINE)
    assert block is not None
    lines = re.findall(r"    (\w+/\w+) +(.*\n(?:     .*\n)*)", block[1])
    assert len(lines) > 10
    for room, text in lines:
        said = set(re.findall(r"\b(\w+)/", text))
        there = {path.parent.name for path in (ROOT / room).glob("*/**/__init__.py")}
        assert said <= there, (room, said - there)


def test_it_agrees_with_make_help() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):.*## ", makefile, flags=re.MULTILINE)
    assert set(re.findall(r"^\| `make ([a-z]+)` \|", PAGE, flags=re.MULTILINE)) == set(targets)


def test_the_four_walks_are_there() -> None:
    assert re.findall(r"^### (.*)$", PAGE, flags=re.MULTILINE) == list(WALKS)


def test_every_folder_of_tests_has_its_row() -> None:
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()} - {"__pycache__"}
    assert set(re.findall(r"^\| `tests/(\w+)` \|", PAGE, flags=re.MULTILINE)) == folders


def test_manifests_have_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tags = [
        re.findall(r"newTag: (\S+)", path.read_text(encoding="utf-8"))
        for path in (ROOT / "deploy").rglob("kustomization.yaml")
    ]
    assert tags == [[project["version"]]] * 2
