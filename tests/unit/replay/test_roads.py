"""Which kernels run a config."""

from __future__ import annotations

import math

import numpy as np

from arbitrage.documents.config import NUMERIC_FIELDS
from arbitrage.replay.kernels.layout import Options
from arbitrage.replay.roads import (
    FEWEST_BY_TRIPS,
    Roads,
    are_set,
    by_shape,
    columns_of,
    goes_by_trips,
    options_of,
    roads_of,
)

NOT_SET = {
    **dict.fromkeys(NUMERIC_FIELDS, 0.0),
    "max_holding_seconds": math.nan,
    "max_quote_age_ms": math.nan,
    "size_share": math.nan,
}


def options(count: int, **fields: list[float]) -> Options:
    columns = {**NOT_SET, **fields}
    return options_of({name: np.full(count, value, float) for name, value in columns.items()})


def test_any_option_but_the_least_position_is_one() -> None:
    assert not are_set(options(1, min_position_usd=[5.0])).any()
    for name in (
        "exit_spread_bps", "max_holding_seconds", "latency_a_ms", "latency_b_ms",
        "max_quote_age_ms", "size_share",
    ):  # fmt: skip
        assert are_set(options(1, **{name: [0.5]})).all(), name


def test_configs_of_one_shape_differ_in_no_time_exit_or_age() -> None:
    values = [1.0, 1.0, 2.0]
    for name in (
        "exit_spread_bps", "max_holding_seconds", "latency_a_ms", "latency_b_ms",
        "max_quote_age_ms",
    ):  # fmt: skip
        shapes = by_shape(options(3, **{name: values}), np.arange(3))
        assert [members.tolist() for members in shapes] == [[0, 1], [2]], name
    together = by_shape(options(3, size_share=values, min_position_usd=values), np.arange(3))
    assert [members.tolist() for members in together] == [[0, 1, 2]]


def test_enough_of_a_shape_with_one_slot_go_by_trips() -> None:
    enough = FEWEST_BY_TRIPS
    exits = [1.0] * enough + [2.0] * (enough - 1) + [1.0]
    slots = np.array([1] * (len(exits) - 1) + [2])
    found = goes_by_trips(slots, options(len(exits), exit_spread_bps=exits))
    assert found.tolist() == [True] * enough + [False] * enough


def test_the_roads_of_configs_are_counted_over_all_parts() -> None:
    """The same configs in one part or in many are run alike."""
    exits = [0.0, 0.0, *[1.0] * FEWEST_BY_TRIPS, *[2.0] * (FEWEST_BY_TRIPS - 1), 1.0]
    slots = [1.0] * (len(exits) - 1) + [2.0]
    columns = {**NOT_SET, "exit_spread_bps": np.array(exits), "max_open_trades": np.array(slots)}
    whole = columns_of(columns, len(exits))
    parts = [
        {name: column[at : at + 1] for name, column in whole.items()} for at in range(len(exits))
    ]
    wanted = Roads(windows=2, trips=FEWEST_BY_TRIPS, scan=FEWEST_BY_TRIPS, shapes=1)
    assert roads_of([whole]) == roads_of(parts) == wanted
