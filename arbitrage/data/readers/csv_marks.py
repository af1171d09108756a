"""The marks of a CSV (commas, quotes, ends of lines), looked at in bulk.

Where they stand as in the plainest of files, polars and the csv module cannot differ about cells.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

_BLOCK_BYTES = 2**17  # whose comparisons a core's own cache holds
_QUOTE, _COMMA, _LINE_FEED, _RETURN = (ord(mark) for mark in '",\n\r')

_Bytes: TypeAlias = npt.NDArray[np.uint8]

_END = np.array([_LINE_FEED], np.uint8)
_NO_MARKS = bytes(set(range(256)) - set(b",\n"))


def has_lone_returns(text: bytes) -> bool:
    """Whether a carriage return stands without a line feed."""
    return b"\r" in text and text.count(b"\r") != text.count(b"\r\n")


def is_rectangular(text: bytes, columns: int) -> bool:
    """Whether each line of a text without quotes has so many cells; blank ones have not."""
    marks = text.translate(None, _NO_MARKS) + (b"" if text.endswith(b"\n") else b"\n")
    line = b"," * (columns - 1) + b"\n"
    return marks == line * (len(marks) // columns)


def without_quotes(text: bytes) -> bytes | None:
    """The text without the quotes around whole cells; None where a quote changes what a cell is.

    They do something around a comma, a quote or the end of a line, and where without them a line
    would be blank.
    """
    parts = []
    start = 0
    while start < len(text):
        stop = text.find(b"\n", start + _BLOCK_BYTES) + 1 or len(text)
        lines = np.frombuffer(text, np.uint8, stop - start, start)
        is_quote = lines == _QUOTE
        if is_quote.any() and not _are_idle(is_quote, lines):
            return None
        parts.append(lines[~is_quote].tobytes())
        start = stop
    return b"".join(parts)


def _are_idle(is_quote: npt.NDArray[np.bool_], lines: _Bytes) -> bool:
    """Whether each pair of quotes encloses a whole cell, and changes nothing about it."""
    ends = (lines == _COMMA) | (lines == _LINE_FEED) | (lines == _RETURN)
    marks = is_quote[is_quote | ends]
    in_marks, places = np.flatnonzero(marks), np.flatnonzero(is_quote)
    if len(places) % 2 or (in_marks[1::2] - in_marks[::2] != 1).any():
        return False
    before = np.concatenate([_END, lines])[places[::2]]
    after = np.concatenate([lines, _END])[places[1::2] + 1]
    is_first, is_last = before == _LINE_FEED, after != _COMMA
    begins = is_first | (before == _COMMA)
    is_end = (after == _COMMA) | (after == _LINE_FEED) | (after == _RETURN)
    return bool(begins.all() and is_end.all() and not (is_first & is_last).any())
