"""The raw files of one venue, read and put in order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from arbitrage.data.align.beside import Beside
from arbitrage.data.align.one_venue.clocks import VenueClock
from arbitrage.data.align.one_venue.runs import Runs, RunWriter
from arbitrage.data.align.one_venue.symbols import OneSymbol
from arbitrage.data.align.options import Request, VenueFiles
from arbitrage.data.venues.flat.mapping import mapped_source
from arbitrage.data.venues.members import members
from arbitrage.data.venues.source import Member, Reading, Source
from arbitrage.data.venues.sources import source_named, source_of
from arbitrage.errors import DataError

NO_TIME = "no time by the clock that was chosen"

Tell = Callable[[str], None]


@dataclass
class Spool:
    """Takes in the files of one venue.

    Attributes:
        venue: The files.
        request: What is to be done with them.
        folder: Where the quotes go.
        tell: Is told how far it is.
    """

    venue: VenueFiles
    request: Request
    folder: Path
    tell: Tell
    files: list[dict[str, Any]] = field(default_factory=list)
    read: int = 0

    def __post_init__(self) -> None:
        venue = self.venue
        self.reading = Reading(self.request.timezone, venue.symbol)
        self.clock = VenueClock(venue.label, self.request.clock, venue.offset_ns)
        self._symbol = OneSymbol(venue.label, venue.symbol)
        self._writer = RunWriter(self.folder, venue.label)
        self._source = _given_source(venue)

    def runs(self) -> Runs:
        """All quotes of the venue, in order.

        Raises:
            FileNotFoundError: A file is not there.
            DataError: A file is not what it should be, or there is no quote.
            ConfigError: Something of the request does not fit the files.
        """
        for path in sorted({*self.venue.paths}, key=self._place):
            self._take_file(path)
        if not self._writer.rows:
            self._symbol.check()
            names = ", ".join(repr(str(path)) for path in self.venue.paths[:3])
            raise DataError(f"there is no quote of venue {self.venue.label} in {names}")
        return self._writer.finish()

    def _place(self, path: Path) -> tuple[int, Path]:
        """Where a file comes among the others: a book goes on from one to the next."""
        with closing(members(path, self.request.limits)) as contents:
            first = next(contents, None)
            begins = 0 if first is None else self._source_of(first).begins(first.head())
        return begins, path

    def _source_of(self, member: Member) -> Source:
        return self._source or source_of(member)

    def _take_file(self, path: Path) -> None:
        formats: list[str] = []
        before = self.read
        with Beside() as hashing:
            if path.is_file():
                hashing.start(_sha256, path)
            for member in members(path, self.request.limits):
                source = self._source_of(member)
                formats.append(source.name)
                for quotes in self._quotes(source, member):
                    self._writer.take(quotes)
                    self.tell(f"venue {self.venue.label}: {self.read:,} quotes read")
            self.files.append(
                {
                    "name": path.name,
                    "bytes": path.stat().st_size,
                    "sha256": hashing.wait(),
                    "format": ", ".join(dict.fromkeys(formats)),
                    "quotes": self.read - before,
                }
            )

    def _quotes(self, source: Source, member: Member) -> Iterator[pl.DataFrame]:
        """Those of the symbol, with their stamps."""
        has_begun = False
        for batch in source.read(member, self.reading):
            self.read += batch.height
            quotes = self._symbol.of(batch, member.name)
            if not quotes.height:
                continue
            if not has_begun:
                self.clock.begin(quotes, member.name)
                has_begun = True
            stamped = self.clock.read(quotes)
            self.reading.dropped[NO_TIME] += quotes.height - stamped.height
            yield stamped


def _given_source(venue: VenueFiles) -> Source | None:
    if venue.mapping is not None:
        return mapped_source(venue.mapping)
    return None if venue.format_name is None else source_named(venue.format_name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
