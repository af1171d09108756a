"""Text in blocks that end where a line does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

BLOCK_BYTES = 2**22


def line_blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same text in blocks of about `BLOCK_BYTES`; the last may be empty, or end within a line.

    A line break within quotes is the end of a line too.
    """
    parts: list[bytes | memoryview] = []
    length = 0
    for piece in pieces:
        parts.append(piece)
        length += len(piece)
        if length >= BLOCK_BYTES and (end := piece.rfind(b"\n") + 1):
            parts[-1] = memoryview(piece)[:end]
            yield b"".join(parts)
            parts = [piece[end:]]
            length = len(parts[0])
    yield b"".join(parts)
