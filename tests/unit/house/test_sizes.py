"""What a newcomer has to look at is small: files, functions, and the names in a folder."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("arbitrage", "benchmarks", "deploy", "docs", "scripts", "tests", "worker")
MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60
MOST_NAMES = 12

DATA = "tests/golden/venues"  # a file for each source, and what comes out of it


def files(*folders: str, ending: str = "") -> Iterator[Path]:
    for folder in folders:
        for path in (ROOT / folder).rglob(f"*{ending}"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT)


def names_by_folder(paths: Iterator[Path]) -> Counter[str]:
    """How many names stand in each folder that holds a file somewhere below it."""
    named = {
        place for path in paths if path.name != "__init__.py" for place in (path, *path.parents)
    }
    return Counter(str(place.parent) for place in named)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_has_at_most_a_dozen_names(folder: str) -> None:
    counted = names_by_folder(files(folder))
    assert counted[folder] > 0
    crowded = {name: count for name, count in counted.items() if count > MOST_NAMES}
    crowded.pop(DATA, None)
    assert crowded == {}, "give some of their files a room that is named by what they share"


def test_a_file_is_read_in_one_sitting() -> None:
    lengths = {
        str(path): len((ROOT / path).read_text(encoding="utf-8").splitlines())
        for path in files(*FOLDERS, ending=".py")
    }
    assert len(lengths) > 500
    long = {path: length for path, length in lengths.items() if length > MOST_LINES}
    assert long == {}, "cut them by what their parts are about"


def test_a_function_is_read_at_a_glance() -> None:
    long, seen = {}, 0
    for path in files(*FOLDERS, ending=".py"):
        text = (ROOT / path).read_text(encoding="utf-8")
        if text.count("\n") <= MOST_LINES_OF_A_FUNCTION:
            continue
        for node in functions(ast.parse(text).body):
            length = (node.end_lineno or 0) - node.lineno + 1
            seen += 1
            if length > MOST_LINES_OF_A_FUNCTION:
                long[f"{path}:{node.lineno}"] = length
    assert seen > 2_000
    assert long == {}


def functions(statements: Iterable[ast.AST]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All of them, in whatever they stand; no expression is looked into, which takes longest."""
    for one in statements:
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            yield one
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from functions(getattr(one, block, ()))
