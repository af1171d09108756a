"""A checksum of a part, which its file carries: whoever reads from it knows that it is whole.

Parquet as polars writes it has none: a flipped bit on a disk is mostly read as another number. The
checksum is that of the bytes, which are hashed in a hundredth of the time that their cells take. It
stands among them, in the metadata at the end of the file, and is hashed as zeros.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import polars as pl

CHECKSUM = "arbtune.blake2b"
"""Its name in the metadata of a Parquet file."""

_BYTES = 16
_BLANK = b"0" * (2 * _BYTES)  # in place of its hexadecimal digits
_STRING, _LENGTH = b"\x18", bytes([len(_BLANK)])  # what Thrift has between a name and its value
_MARK = CHECKSUM.encode() + _STRING + _LENGTH


def with_checksum(rows: pl.DataFrame) -> memoryview:
    """The bytes of a Parquet file of these rows, with their checksum."""
    content = io.BytesIO()
    rows.write_parquet(content, metadata={CHECKSUM: _BLANK.decode()})
    place = _place_in(content.getvalue())
    view = content.getbuffer()
    view[place : place + len(_BLANK)] = _digest(view, place)
    return view


def is_whole(path: Path) -> bool | None:
    """Whether a file is what was written; None where it says no checksum.

    Raises:
        OSError: It cannot be read.
    """
    content = path.read_bytes()
    place = _place_in(content)
    if place < 0:
        return None
    return content[place : place + len(_BLANK)] == _digest(memoryview(content), place)


def _place_in(content: bytes) -> int:
    """Where the digits of the checksum begin, or -1."""
    found = content.rfind(_MARK)  # the last: a cell may have the same text
    return found if found < 0 else found + len(_MARK)


def _digest(content: memoryview, place: int) -> bytes:
    digest = hashlib.blake2b(content[:place], digest_size=_BYTES)
    digest.update(_BLANK)
    digest.update(content[place + len(_BLANK) :])
    return digest.hexdigest().encode()
