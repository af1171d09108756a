"""Imports inside functions: few, and each says what it spares whom."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MOST = 33
INDENTED = re.compile(r"^ +(import|from) ", re.MULTILINE)


def local_imports(path: Path, text: str) -> Iterator[tuple[str, str]]:
    """Each import inside a function of a file: where it stands, and its first line."""
    if not INDENTED.search(text):
        return
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield f"{path}:{node.lineno}", text.splitlines()[node.lineno - 1]


def all_local_imports() -> dict[str, str]:
    paths = [
        path for room in ("arbitrage", "scripts", "worker") for path in ROOT.glob(f"{room}/**/*.py")
    ]
    return dict(
        found
        for path in paths
        for found in local_imports(path.relative_to(ROOT), path.read_text(encoding="utf-8"))
    )


def test_they_are_few_and_each_says_why() -> None:
    found = all_local_imports()
    assert 0 < len(found) <= MOST, "\n".join(found)
    assert [place for place, line in found.items() if "  # " not in line] == []
