"""Which kernels run a config, and what configs have to share for one of them.

Configs without options go by the *windows* of the file, from trade to trade. Those with options and
one slot go by *trips*, where there are enough of one shape: of the same exit spread, holding time,
latencies and age limit. All others go row by row: the plain *scan*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from arbitrage.replay.kernels.layout import Floats, Integers, Options, Parameters
from arbitrage.replay.model.backtester import RUIN_PCT

# Fewer configs of a shape take less time by the plain scan: over 1 M rows a scan takes 11 to 30 ms,
# and to work out the trips of a shape 25 to 66.
FEWEST_BY_TRIPS = 4

_LONGEST = 2**63 - 1

Columns = TypeVar("Columns", Parameters, Options)


class Roads(NamedTuple):
    """How many configs go by each road, and how many shapes those have that go by trips."""

    windows: int
    trips: int
    scan: int
    shapes: int


def columns_of(parameters: Mapping[str, Any], count: int) -> dict[str, Floats]:
    """Parameters of configs as columns, one float64 a config; NaN where one is not set."""
    return {name: _column(value, count) for name, value in parameters.items()}


def _column(value: Any, count: int) -> Floats:
    """A number of slots is exact up to 2^53, beyond any bound on it."""
    single = np.nan if value is None else value
    # A copy: the kernels are compiled for arrays that can be written to, and a view cannot.
    return np.array(np.broadcast_to(np.asarray(single, np.float64), count))


def roads_of(parts: Iterable[Mapping[str, Floats]]) -> Roads:
    """The roads of configs that are run together, from their columns, part by part."""
    total = with_options = 0
    shapes: Counter[tuple[float, ...]] = Counter()
    for columns in parts:
        total += len(columns["max_open_trades"])
        with_options += int(are_set(options_of(columns)).sum())
        shapes += shapes_of(columns)
    enough = [count for count in shapes.values() if count >= FEWEST_BY_TRIPS]
    by_trips = sum(enough)
    return Roads(total - with_options, by_trips, with_options - by_trips, len(enough))


def shapes_of(columns: Mapping[str, Floats]) -> Counter[tuple[float, ...]]:
    """How many configs with one slot there are of each shape, of those with options."""
    options, one_slot = options_of(columns), columns["max_open_trades"] == 1
    members_of_each = by_shape(options, np.flatnonzero(are_set(options) & one_slot))
    return Counter({
        tuple(column[members[0]] for column in options[:5]): len(members)
        for members in members_of_each
    })  # fmt: skip


def parameters_of(columns: Mapping[str, Floats]) -> Parameters:
    """What every config is run by, from its fields."""
    stop = columns["stop_on_drawdown_pct"]
    cost = columns["taker_fee_a_bps"] + columns["taker_fee_b_bps"] + columns["slippage_bps"]
    return Parameters(
        threshold=columns["min_spread_bps"] + cost,
        cost=cost,
        notional=columns["max_position_usd"],
        slots=columns["max_open_trades"].astype(np.int64),
        balance=columns["initial_balance_usd"],
        stop=np.where(np.isnan(stop), RUIN_PCT, stop),
    )


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


def goes_by_trips(slots: Integers, options: Options) -> NDArray[np.bool_]:
    """Whether a config is run by trips: it has one slot, and enough others have its shape."""
    found = np.zeros(len(slots), np.bool_)
    for members in by_shape(options, np.flatnonzero(slots == 1)):
        found[members] = len(members) >= FEWEST_BY_TRIPS
    return found


def by_shape(options: Options, members: Integers) -> Iterator[Integers]:
    """The configs that look at the same rows in the same way, by their places; by age limit."""
    keys = [column[members] for column in options[:5]]
    order = np.lexsort(keys)
    if not len(order):
        return
    ordered = [key[order] for key in keys]
    differs = np.any([key[1:] != key[:-1] for key in ordered], axis=0)
    for group in np.split(order, np.flatnonzero(differs) + 1):
        yield members[group]


def some(columns: Columns, members: Integers) -> Columns:
    """The elements of some configs."""
    parts: dict[str, Any] = {name: column[members] for name, column in columns._asdict().items()}
    return columns._replace(**parts)
