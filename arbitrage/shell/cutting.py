"""Text that is cut to the columns of a terminal, where some characters take two."""

from __future__ import annotations

import unicodedata


def cut(text: str, room: int) -> str:
    """The text in so many columns; an ellipsis stands where some of it is missing."""
    if sum(map(_columns, text)) <= room:
        return text
    kept, left = "", room - 1
    for mark in text:
        left -= _columns(mark)
        if left < 0:
            break
        kept += mark
    return f"{kept}…"


def _columns(mark: str) -> int:
    if unicodedata.combining(mark):
        return 0
    return 2 if unicodedata.east_asian_width(mark) in "WF" else 1
