"""What a file was made from and what was left out on the way, as JSON, and what to warn of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from arbitrage.data.align.joining import Joiner
from arbitrage.data.align.one_venue.clocks import NS_PER_MS
from arbitrage.data.align.one_venue.spool import Spool
from arbitrage.data.align.one_venue.states import States
from arbitrage.data.align.options import VENUES, Request

Document = dict[str, Any]

_NS = 10**9


def provenance(
    request: Request, spools: Mapping[str, Spool], states: Mapping[str, States], joiner: Joiner
) -> Document:
    """The document of a finished alignment."""
    return {
        "program": f"arbtune {metadata.version('arbtune')}",
        "clock": request.clock,
        "every_ms": None if request.every_ns is None else request.every_ns / NS_PER_MS,
        "timezone": request.timezone,
        "venues": {label: _venue(spools[label], states[label]) for label in spools},
        "constant_rates": dict(joiner.constant_rates),
        "rows": joiner.written,
        "dropped_rows": {
            "before both venues had quoted": joiner.early,
            "prices and sizes as in the row before": joiner.equal,
        },
        "warnings": [*_warnings(spools, states, joiner)],
    }


def _venue(spool: Spool, states: States) -> Document:
    runs, clock = states.runs, spool.clock
    dropped = {reason: count for reason, count in sorted(spool.reading.dropped.items()) if count}
    superseded = runs.rows - states.stamps
    if superseded:
        dropped["superseded by a later one on the same stamp"] = superseded
    if states.unknown:
        dropped["only one side was known so far"] = states.unknown
    return {
        "files": sorted(spool.files, key=lambda file: (file["name"], file["sha256"])),
        "symbol": spool.venue.symbol,
        "clock": clock.chosen,
        "offset_ms": spool.venue.offset_ns / NS_PER_MS,
        "quotes": spool.read,
        "first": moment_text(runs.first),
        "last": moment_text(runs.last),
        "dropped": dropped,
        "received_before_sent": {
            "quotes": clock.behind,
            "of": clock.compared,
            "most_ms": clock.lag_ns / NS_PER_MS,
        },
    }


def moment_text(moment_ns: int) -> str:
    """A moment as ISO 8601 with all digits."""
    seconds, fraction = divmod(moment_ns, _NS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09}Z"


def _warnings(
    spools: Mapping[str, Spool], states: Mapping[str, States], joiner: Joiner
) -> Iterator[str]:
    yield from filter(None, (spools[label].clock.warning() for label in VENUES))
    a, b = states["a"].runs, states["b"].runs
    if a.last < b.first or b.last < a.first:
        yield (
            f"the venues did not quote at the same time: a from {moment_text(a.first)} to "
            f"{moment_text(a.last)}, b from {moment_text(b.first)} to {moment_text(b.last)}; check "
            "the files, --timezone and the offsets"
        )
    clocks = {label: spools[label].clock.chosen for label in VENUES}
    if clocks["a"] != clocks["b"]:
        yield (
            f"venue a is ordered by its {clocks['a']} times and venue b by its {clocks['b']} "
            "times: ages and spreads include the way from the exchange to the recorder on one "
            "side only"
        )
    for label, rate in joiner.constant_rates.items():
        yield (
            f"the prices of venue {label} are multiplied by {rate:g} throughout: a rate that "
            f"moves shows as a spread; give --fx-{label} a file of its quotes"
        )
    for label, spool in spools.items():
        for reason, count in sorted(spool.reading.dropped.items()):
            if count:
                yield f"venue {label}: left out: {count:,} ({reason})"
