"""What the configs of a sweep take, measured on some from all over it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from arbitrage.replay import many_configs
from arbitrage.replay.roads import FEWEST_BY_TRIPS, are_set, columns_of, options_of

if TYPE_CHECKING:
    from arbitrage.documents.spec.sweep_spec import SweepSpec
    from arbitrage.replay.files.opened_file import OpenedFile

# Copies of a config that share their shape, in the longer of the two runs that tell what each of
# them takes from what all of them take together; and of how many shapes that is measured.
COPIES, TIMED_SHAPES = 64, 2


class Times(NamedTuple):
    """Seconds of one config, and of what the configs of one shape have in common."""

    per_config: float
    per_shape: float


def pilot_times(spec: SweepSpec, data: OpenedFile, pilots: int) -> Times:
    """What a config takes; one that may go by trips is timed beside others of its shape."""
    count = min(pilots, spec.total)
    numbers = [spec.total * place // count for place in range(count)]
    found = [spec.columns(number, number + 1) for number in numbers]
    shaped = [columns for columns in found if _may_go_by_trips(columns)]
    seconds = sum(_seconds(data, columns, 1) for columns in found if not _may_go_by_trips(columns))
    if not shaped:
        return Times(seconds / count, 0.0)
    timed = shaped[:: -(-len(shaped) // TIMED_SHAPES)]
    times = [_times_of_shape(data, columns) for columns in timed]
    per_config = sum(time.per_config for time in times) / len(times)
    per_shape = sum(time.per_shape for time in times) / len(times)
    return Times((seconds + per_config * len(shaped)) / count, per_shape)


def _may_go_by_trips(columns: dict[str, Any]) -> bool:
    one = columns_of(columns, 1)
    return bool(are_set(options_of(one))[0] and one["max_open_trades"][0] == 1)


def _times_of_shape(data: OpenedFile, columns: dict[str, Any]) -> Times:
    few = _seconds(data, columns, FEWEST_BY_TRIPS)
    many = _seconds(data, columns, COPIES)
    per_config = max(0.0, many - few) / (COPIES - FEWEST_BY_TRIPS)
    return Times(per_config, max(0.0, few - per_config * FEWEST_BY_TRIPS))


def _seconds(data: OpenedFile, columns: dict[str, Any], count: int) -> float:
    started = time.perf_counter()
    many_configs.replay(data, columns, count)
    return time.perf_counter() - started
