"""`align`: two venues' raw files in, one snapshot file out."""

from __future__ import annotations

import tempfile
import zoneinfo
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from arbitrage.data.align.joining import Joiner, size_columns
from arbitrage.data.align.one_venue.runs import window_ends
from arbitrage.data.align.one_venue.spool import Spool, Tell
from arbitrage.data.align.one_venue.states import States
from arbitrage.data.align.options import VENUES, Request
from arbitrage.data.align.output import check_output, output_file
from arbitrage.data.align.provenance import provenance
from arbitrage.data.align.times import grid, stamps_after
from arbitrage.data.forks import check_fork
from arbitrage.documents.whole_file import UNFINISHED, remove_unfinished
from arbitrage.errors import ConfigError, DataError

WINDOW_ROWS = 2_000_000
_TICKS_NS = (1_000_000, 1_000, 1)


def align(request: Request, output: Path, tell: Tell = lambda _: None) -> dict[str, Any]:
    """Write the snapshot file; the document of what it was made from.

    Args:
        request: The files and the options.
        output: The file, `.parquet` or `.csv`; whole or not at all.
        tell: Is told now and then how far it is.

    Raises:
        FileNotFoundError: A raw file is not there.
        DataError: A raw file is not what it should be, or no row comes of them all.
        ConfigError: The request contradicts itself or the files.
        OSError: Something cannot be read or written.
    """
    check_fork()
    _check(request, output)
    output.parent.mkdir(parents=True, exist_ok=True)
    remove_unfinished(output.parent, UNFINISHED)
    prefix, suffix = UNFINISHED.split("*")
    with tempfile.TemporaryDirectory(suffix, prefix, output.parent) as folder:
        spools = {
            venue.label: Spool(venue, request, Path(folder), tell) for venue in request.files()
        }
        states = {label: States(spool.runs()) for label, spool in spools.items()}
        return _write(request, output, spools, states, tell)


def _write(
    request: Request,
    output: Path,
    spools: Mapping[str, Spool],
    states: Mapping[str, States],
    tell: Tell,
) -> dict[str, Any]:
    sizes = size_columns({label: states[label].runs.sizes for label in VENUES})
    joiner = Joiner(sizes, request.constant_rates(), keeps_equal=request.every_ns is not None)
    with output_file(output, _tick_ns(request, states)) as file:
        for rows in _rows(request, states, joiner, tell):
            file.write(rows)
        if not joiner.written:
            raise DataError("there is no moment at which both venues had quoted: no row is left")
        document = provenance(request, spools, states, joiner)
        file.finish(document)
    return document


def _rows(
    request: Request, states: Mapping[str, States], joiner: Joiner, tell: Tell
) -> Iterator[pl.DataFrame]:
    runs = [state.runs for state in states.values()]
    ends = window_ends(runs, WINDOW_ROWS)
    begin = min(venue.first for venue in runs) - 1
    last = max(states[label].runs.last for label in VENUES)
    for number, (after, until) in enumerate(pairwise([begin, *ends]), 1):
        found = {label: state.window(after, until) for label, state in states.items()}
        venues = {label: found[label] for label in VENUES}
        rates = {label[-1]: part for label, part in found.items() if label not in VENUES}
        if request.every_ns is None:
            times = iter([stamps_after(after, [*venues.values()])])
        else:
            times = grid(after, min(until, last), request.every_ns)
        yield from (joiner.rows(part, venues, rates) for part in times)
        tell(f"{number:,} of {len(ends):,} parts joined, {joiner.written:,} rows")


def _tick_ns(request: Request, states: Mapping[str, States]) -> int:
    """The resolution of the stamps: that of both venues, or of the grid."""
    if request.every_ns is not None:
        return next(tick for tick in _TICKS_NS if request.every_ns % tick == 0)
    return min(states[label].runs.tick_ns for label in VENUES)


def _check(request: Request, output: Path) -> None:
    """Refuse what is known to be wrong before anything is read."""
    check_output(output)
    for venue in request.files():
        for path in venue.paths:
            if output.exists() and path.exists() and output.samefile(path):
                raise ConfigError(
                    f"{str(output)!r} is a raw file of venue {venue.label}: name another"
                )
    if request.timezone is not None and request.timezone not in zoneinfo.available_timezones():
        raise ConfigError(
            f"no such time zone: {request.timezone!r:.60}; names are such as UTC and Asia/Tokyo"
        )
