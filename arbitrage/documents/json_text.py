"""JSON as text, and the depth of its nesting."""

from __future__ import annotations

import json
from typing import Any

_COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def compact_json(value: Any) -> str:
    """JSON without white space, characters as they are.

    Raises:
        ValueError: A number that is not finite, or a key that repeats.
        TypeError: A value that is not JSON.
    """
    return _COMPACT.encode(value)


def depth(value: Any) -> int:
    """How deep lists and objects are nested; without recursion, which has limits of its own."""
    found, level = 0, [value]
    while level := [part for part in level if isinstance(part, (list, dict))]:
        found += 1
        level = [
            part
            for parent in level
            for part in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return found
