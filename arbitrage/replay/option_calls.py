"""Runs configs with options: many of one shape by their trips, all others by the plain scan.

Configs of one shape have the same exit spread, holding time, latencies and age limit: what is
worked out of the rows for one of them serves all. That takes as long as three plain scans, and then
a config takes no more than its trades. It is worked out anew in every call, of one shape at a time:
the memory of a call does not depend on how many shapes there are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from arbitrage.replay.files.prepared_rows import PreparedRows
from arbitrage.replay.kernel_calls import empty_tally, read_only
from arbitrage.replay.kernels.layout import (
    Integers,
    Options,
    Parameters,
    PeriodSheet,
    Rows,
    Shape,
    Sizes,
    Spreads,
    Tally,
)
from arbitrage.replay.kernels.options.replay_trips import replay_trips
from arbitrage.replay.kernels.options.scan_options import scan_with_options
from arbitrage.replay.kernels.options.trips import spreads_of
from arbitrage.replay.roads import by_shape, goes_by_trips, some

# All configs go through so many rows before any goes on, and so their trips stay in a core's cache:
# 400 configs over 1 M rows take 80 to 164 ms, where each goes through all at once 205 to 834.
STRETCH = 16_384

_log = logging.getLogger(__name__)


class _FreshRows(NamedTuple):
    """The rows that are tradable under an age limit."""

    max_age_ms: float
    rows: Rows
    spreads: Spreads


SheetOf = Callable[[Integers, Integers], PeriodSheet | None]
"""The sheet of some runs, from the numbers of the rows that they look at, and their places."""


def _no_sheet(_rows: Integers, _members: Integers) -> None:
    return None


def replay_with_options(
    data: PreparedRows, parameters: Parameters, options: Options, sheet_of: SheetOf = _no_sheet
) -> Tally:
    """Every config over the file; equal to the engine, to the last bit.

    With sheets these are filled, and the totals say nothing.
    """
    tally = empty_tally(parameters)
    by_trips = goes_by_trips(parameters.slots, options)
    scanned = np.flatnonzero(~by_trips)
    if len(scanned):
        part = empty_tally(some(parameters, scanned))
        those, own = some(parameters, scanned), some(options, scanned)
        scan_with_options(data.rows, those, own, part, sheet_of(data.rows.row, scanned), None)
        tally[:, scanned] = part
    fresh, shapes = None, 0
    for members in by_shape(options, np.flatnonzero(by_trips)):
        shapes += 1
        max_age_ms = options.max_age_ms[members[0]]
        if fresh is None or fresh.max_age_ms != max_age_ms:
            fresh = None  # before the next are made: there is room for those of one limit
            fresh = _fresh_rows(data, max_age_ms)
        tally[:, members] = _replay_shape(
            fresh,
            some(parameters, members),
            some(options, members),
            sheet_of(fresh.rows.row, members),
        )
    _log.debug(
        "with options: %d configs of %d shapes by trips, %d by the plain scan",
        by_trips.sum(), shapes, len(scanned),
    )  # fmt: skip
    return tally


def _replay_shape(
    fresh: _FreshRows, parameters: Parameters, options: Options, sheet: PeriodSheet | None
) -> Tally:
    shape = Shape._make(column[0] for column in options[:4])
    tally = empty_tally(parameters)
    sizes = Sizes(options.size_share, options.least_usd)
    replay_trips(fresh.rows, fresh.spreads, shape, STRETCH, parameters, sizes, tally, sheet)
    return tally


def _fresh_rows(data: PreparedRows, max_age_ms: float) -> _FreshRows:
    rows = data.rows
    if np.isfinite(max_age_ms):
        is_fresh = rows.age_ms <= max_age_ms
        rows = rows._replace(age_ms=np.empty(0))  # which nobody looks at any more
        rows = Rows._make(read_only(column[is_fresh] if len(column) else column) for column in rows)
    return _FreshRows(max_age_ms, rows, spreads_of(rows))
