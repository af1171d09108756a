"""Runs configs with options: those of one shape together, over one index of their trips.

With one slot the kernels go from trade to trade, over an index that is built once for all configs
whose exit spread, holding time, latencies and age limit are the same. Configs with several slots go
through the plain scan, row by row.

An index takes up to 88 bytes a row and 80 a trip while it is built, the rows under an age limit
152 a row; one of each is needed at a time. What was built is kept for the next call, as long as all
that is kept fits `KEPT_BYTES`.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from arbitrage.replay.files.prepared_rows import PreparedRows
from arbitrage.replay.kernel_calls import empty_tally, quotes_of, read_only
from arbitrage.replay.kernels.layout import (
    Floats,
    Integers,
    Options,
    Parameters,
    Prices,
    Quotes,
    Rows,
    Shape,
    Sizes,
    Tally,
    Trips,
)
from arbitrage.replay.kernels.options.replay_trips import replay_trips
from arbitrage.replay.kernels.options.scan_options import scan_with_options
from arbitrage.replay.kernels.options.sizes import changes_of
from arbitrage.replay.kernels.options.trips import trips_of

KEPT_BYTES = 256 * 2**20

# All configs go through so many trips before any goes on, so that these stay in a core's cache:
# 400 configs over 1 M rows take 57 to 100 ms, where each goes through all at once 111 to 305.
STRETCH = 16_384

_LONGEST = 2**63 - 1
_NO_CHANGES = np.empty((4, 0), np.int64)

Columns = TypeVar("Columns", Parameters, Options)
Kept = TypeVar("Kept", bound=tuple[object, ...])

_log = logging.getLogger(__name__)


class _FreshRows(NamedTuple):
    """The rows that are tradable under an age limit, and where each of their quotes changes."""

    rows: Rows
    quotes: Quotes
    changes: Integers


class _Index(NamedTuple):
    """The trips from a threshold on, with what they find of sizes or without."""

    trips: Trips
    lowest: float
    has_sizes: bool


class _Shelf:
    """What was built for a file, the last used the last to go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[object, tuple[object, ...]] = OrderedDict()

    def get(self, key: object, serves: Callable[[Kept], bool], build: Callable[[], Kept]) -> Kept:
        """What stands under the key, if it serves; else what is built now."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None and serves(found):  # type: ignore[arg-type]
                self._kept.move_to_end(key)
                return found  # type: ignore[return-value]
        built = build()
        with self._lock:
            self._kept[key] = built
            self._kept.move_to_end(key)
            while self._kept and sum(map(_bytes, self._kept.values())) > KEPT_BYTES:
                self._kept.popitem(last=False)
        return built


_SHELF = _Shelf()


def options_of(columns: Mapping[str, Floats]) -> Options:
    """The options of configs from their fields; NaN where one is not set."""
    age_ms = columns["max_quote_age_ms"]
    return Options(
        exit_spread=columns["exit_spread_bps"],
        holding_ns=_nanoseconds(columns["max_holding_seconds"] * 1e9),
        latency_a_ns=_nanoseconds(columns["latency_a_ms"] * 1e6),
        latency_b_ns=_nanoseconds(columns["latency_b_ms"] * 1e6),
        max_age_ms=np.where(np.isnan(age_ms), np.inf, age_ms),
        size_share=columns["size_share"],
        least_usd=columns["min_position_usd"],
    )


def _nanoseconds(times: Floats) -> Integers:
    """Whole nanoseconds: -1 for none, and a time that 64 bits do not hold is longer than any."""
    whole = np.where(np.isnan(times), -1.0, np.rint(times))
    is_too_long = whole >= _LONGEST
    return np.where(is_too_long, _LONGEST, np.where(is_too_long, 0.0, whole).astype(np.int64))


def are_set(options: Options) -> NDArray[np.bool_]:
    """Whether a config has any option that is not at its default."""
    takes_time = (options.latency_a_ns != 0) | (options.latency_b_ns != 0)
    closes_else = (options.exit_spread != 0) | (options.holding_ns >= 0)
    limits = np.isfinite(options.max_age_ms) | ~np.isnan(options.size_share)
    found: NDArray[np.bool_] = takes_time | closes_else | limits
    return found


def replay_with_options(data: PreparedRows, parameters: Parameters, options: Options) -> Tally:
    """Every config over the file; equal to the engine, to the last bit."""
    tally = empty_tally(parameters)
    one_slot = parameters.slots == 1
    several = np.flatnonzero(~one_slot)
    if len(several):
        part = empty_tally(some(parameters, several))
        scan_with_options(data.rows, some(parameters, several), some(options, several), part)
        tally[:, several] = part
    count = 0
    for members, max_age_ms, shape in _shapes(options, np.flatnonzero(one_slot)):
        count += 1
        part = _replay_shape(
            data, max_age_ms, shape, some(parameters, members), some(options, members)
        )
        tally[:, members] = part
    _log.debug(
        "with options: %d configs by %d indices of trips, %d with several slots by the plain scan",
        one_slot.sum(), count, len(several),
    )  # fmt: skip
    return tally


def _shapes(options: Options, members: Integers) -> Iterator[tuple[Integers, float, Shape]]:
    """The configs that look at the same rows in the same way, by their places."""
    keys = [column[members] for column in options[:5]]
    order = np.lexsort(keys)
    ordered = [key[order] for key in keys]
    if not len(order):
        return
    differs = np.any([key[1:] != key[:-1] for key in ordered], axis=0)
    for group in np.split(order, np.flatnonzero(differs) + 1):
        at = members[group[0]]
        shape = Shape(
            options.exit_spread[at],
            options.holding_ns[at],
            options.latency_a_ns[at],
            options.latency_b_ns[at],
        )
        yield members[group], options.max_age_ms[at], shape


def _replay_shape(
    data: PreparedRows, max_age_ms: float, shape: Shape, parameters: Parameters, options: Options
) -> Tally:
    fresh = _SHELF.get(
        (data.data_sha256, max_age_ms), lambda _: True, lambda: _fresh_rows(data, max_age_ms)
    )
    lowest = float(parameters.threshold.min())
    needs_sizes = bool((~np.isnan(options.size_share)).any())

    def serves(kept: _Index) -> bool:
        return kept.lowest <= lowest and kept.has_sizes >= needs_sizes

    def index() -> _Index:
        changes = fresh.changes if needs_sizes else _NO_CHANGES
        trips = trips_of(fresh.rows, fresh.quotes, changes, shape, lowest)
        return _Index(trips, lowest, needs_sizes)

    trips = _SHELF.get((data.data_sha256, max_age_ms, shape), serves, index).trips
    tally = empty_tally(parameters)
    sizes = Sizes(options.size_share, options.least_usd)
    replay_trips(fresh.rows, fresh.quotes, trips, STRETCH, parameters, sizes, tally)
    return tally


def _fresh_rows(data: PreparedRows, max_age_ms: float) -> _FreshRows:
    rows = data.rows
    if np.isfinite(max_age_ms):
        is_fresh = rows.age_ms <= max_age_ms
        rows = Rows._make(read_only(column[is_fresh] if len(column) else column) for column in rows)
    has_sizes = all(len(column) == len(rows.row) for column in rows[4:8])
    changes = changes_of(rows) if has_sizes else _NO_CHANGES
    return _FreshRows(rows, quotes_of(Prices._make(rows[:4])), changes)


def some(columns: Columns, members: Integers) -> Columns:
    """The elements of some configs."""
    parts: dict[str, Any] = {name: column[members] for name, column in columns._asdict().items()}
    return columns._replace(**parts)


def _bytes(kept: object) -> int:
    """The memory of the arrays in tuples of tuples; those of a mapped file count too."""
    if isinstance(kept, tuple):
        return sum(map(_bytes, kept))
    return kept.nbytes if isinstance(kept, np.ndarray) else 0
