"""What a source is, and what it is given to read."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import polars as pl

from arbitrage.data.venues import parquet

HEAD_BYTES = 65_536
"""As many bytes of a file's beginning are looked at to tell its format."""

_PARQUET_MAGIC = b"PAR1"


@dataclass(frozen=True, slots=True)
class Member:
    """Unpacked content: a file, or one of those in an archive.

    Attributes:
        name: What messages call it.
        stream: Its bytes, from the first one on, with a buffer of `HEAD_BYTES`.
    """

    name: str
    stream: io.BufferedReader

    def is_parquet(self) -> bool:
        """Whether the content is Parquet."""
        return self.stream.peek(HEAD_BYTES).startswith(_PARQUET_MAGIC)

    def head(self) -> bytes:
        """The first bytes, which a later reader gets too; of Parquet the names of the columns.

        Raises:
            DataError: It is Parquet, and damaged.
        """
        if self.is_parquet():
            return parquet.header_line(self.stream, self.name)
        return self.stream.peek(HEAD_BYTES)[:HEAD_BYTES]


@dataclass(frozen=True, slots=True)
class Reading:
    """How the files of one venue are to be read, and what was left out of them.

    Attributes:
        timezone: The zone of times that name none, such as `UTC` or `Asia/Tokyo`.
        symbol: The only symbol that is wanted.
        dropped: How many rows or messages were left out, by the reason: a few words, as in "left
            out: 3 (the header again)".
        carried: What a source carries from one file to the next, by its own names.
    """

    timezone: str | None = None
    symbol: str | None = None
    dropped: Counter[str] = field(default_factory=Counter)
    carried: dict[str, Any] = field(default_factory=dict)


class Source(Protocol):
    """One format of raw files."""

    @property
    def name(self) -> str:
        """What `--format-a` calls it."""
        ...

    def is_like(self, head: bytes) -> bool:
        """Whether content that begins so is of this format."""
        ...

    def begins(self, head: bytes) -> int:
        """The time that content begins with, for sources that carry something from file to file.

        0 where the order of files does not matter.
        """
        ...

    def read(self, member: Member, reading: Reading) -> Iterator[pl.DataFrame]:
        """The quotes in the order of the file, in batches of `quotes.SCHEMA` of bounded size.

        Raises:
            DataError: The content is not what it should be; the message names member and line.
        """
        ...
