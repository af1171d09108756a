"""Text of any length in blocks of whole lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from arbitrage.data.readers.ahead import ahead

BLOCK_BYTES = 16 * 2**20
LONGEST_LINE_BYTES = 2**24


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, and the number of the first of them."""

    first_line: int
    text: bytes


def blocks(stream: BinaryIO, first_line: int) -> Iterator[Block]:
    """What is left of a stream; the last line may lack its end.

    While a block is used, the next ones are read, and unpacked where the file is packed.

    Args:
        stream: It stands at the beginning of a line.
        first_line: The number of that line.
    """
    for text in ahead(iter(partial(_next, stream), b"")):
        yield Block(first_line, text)
        first_line += text.count(b"\n")


def _next(stream: BinaryIO) -> bytes:
    text = stream.read(BLOCK_BYTES)
    return text if text.endswith(b"\n") else text + stream.readline(LONGEST_LINE_BYTES)
