"""The formats that are known, and which of them a file has."""

from __future__ import annotations

from arbitrage.data.venues.books.messages.bybit import BYBIT_BOOK
from arbitrage.data.venues.books.messages.collector import Collector
from arbitrage.data.venues.books.messages.okx import OKX_BOOK
from arbitrage.data.venues.books.tardis import TARDIS_BOOK
from arbitrage.data.venues.flat.ccxt_lines import CcxtLines
from arbitrage.data.venues.flat.layouts import LAYOUTS, ONE_SIDE
from arbitrage.data.venues.flat.source import FlatSource
from arbitrage.data.venues.source import Member, Source
from arbitrage.errors import ConfigError, DataError
from arbitrage.shell.console import nearest

SOURCES: tuple[Source, ...] = (
    *map(FlatSource, LAYOUTS),
    CcxtLines(),
    TARDIS_BOOK,
    BYBIT_BOOK,
    OKX_BOOK,
    Collector(),
    FlatSource(ONE_SIDE),
)
"""In the order in which they are tried."""


def source_of(member: Member) -> Source:
    """The source that a file is of, by its content.

    Raises:
        DataError: No source knows the file.
    """
    for source in SOURCES:
        if source.is_like(member.head()):
            return source
    known = ", ".join(source.name for source in SOURCES)
    raise DataError(
        f"{member.name!r} is of no format that is known ({known}): it begins with "
        f"{_beginning(member)}; name its columns with --map-a or --map-b"
    )


def source_named(name: str) -> Source:
    """The source of this name.

    Raises:
        ConfigError: There is none.
    """
    names = {source.name: source for source in SOURCES}
    if name not in names:
        close = nearest(name, names)
        hint = f"did you mean {close}?" if close else f"those are {', '.join(names)}"
        raise ConfigError(f"no such format: {name!r:.60} ({hint})")
    return names[name]


def _beginning(member: Member) -> str:
    line = member.head().split(b"\n", 1)[0].decode(errors="replace").rstrip("\r")
    return repr(line[:200])
