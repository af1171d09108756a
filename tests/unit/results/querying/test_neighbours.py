"""Neighbours of configs in the grids of their sweep, and the middle of a plateau of equals."""

from __future__ import annotations

import itertools
import math
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.querying.neighbours import (
    FigureByNumber,
    medians_beside,
    middle_of,
    neighbours_of,
)
from arbitrage.results.querying.plateau import Plateau, plateau_of, shown_best
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.known_sweeps import KnownSweep, sweep_named
from arbitrage.results.store.rows import sweep_rows
from tests.helpers.inputs.examples import examples
from tests.helpers.inputs.sweeps import spec

VALUES: dict[str, st.SearchStrategy[list[Any]]] = {
    "min_spread_bps": st.lists(st.integers(0, 9), unique=True, min_size=1, max_size=4),
    "stop_on_drawdown_pct": st.lists(
        st.none() | st.integers(1, 9), unique=True, min_size=1, max_size=3
    ),
    "slippage_bps": st.lists(st.integers(0, 9), unique=True, min_size=1, max_size=4),
}


@st.composite
def sweeps(draw: st.DrawFn) -> SweepSpec:
    names = draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True))
    lists: dict[str, list[Any]] = {name: draw(VALUES[name]) for name in names}
    grids = [{"name": name, "values": values} for name, values in lists.items()]
    size = math.prod(map(len, lists.values()))
    fields: dict[str, Any] = {}
    if draw(st.booleans()):
        fields["sample"] = {"n": draw(st.integers(1, size)), "seed": draw(st.integers(0, 9))}
    if draw(st.booleans()):
        fields["max_jobs"] = draw(st.integers(1, size))
    return SweepSpec(**spec(*grids, **fields))


def naive_neighbours(sweep: SweepSpec, number: int) -> set[int]:
    """The configs in which one parameter is the next larger or smaller one of the spec's."""
    configs = [sweep.config(at).model_dump() for at in range(sweep.total)]
    found = set()
    for grid in sweep.grids:
        ordered = sorted(grid.values or [], key=lambda value: math.inf if value is None else value)
        place = ordered.index(configs[number][grid.name])
        for there in {place - 1, place + 1} & {*range(len(ordered))}:
            beside = {**configs[number], grid.name: ordered[there]}
            found |= {at for at, config in enumerate(configs) if config == beside}
    return found


@examples(40)
@given(sweeps())
def test_neighbours_are_a_step_along_one_grid_away(sweep: SweepSpec) -> None:
    found = neighbours_of(sweep, np.arange(sweep.total))

    assert found.shape == (sweep.total, 2 * len(sweep.grids))
    for number, row in enumerate(found.tolist()):
        there = [at for at in row if at >= 0]
        assert len(there) == len(set(there))
        assert set(there) == naive_neighbours(sweep, number)


def test_a_range_of_any_direction_has_neighbours() -> None:
    falling = {"name": "min_spread_bps", "start": 9, "stop": 0, "step": -3}
    sweep = SweepSpec(**spec(falling))

    assert neighbours_of(sweep, np.arange(4)).tolist() == [[-1, 1], [0, 2], [1, 3], [2, -1]]


def test_neighbours_of_a_sample_of_many_combinations_are_found_by_arithmetic() -> None:
    """Of 10^12 combinations, none of which is listed."""
    grids = [
        {"name": name, "start": 0, "stop": 1, "num": 10**4}
        for name in ("min_spread_bps", "slippage_bps", "taker_fee_a_bps")
    ]
    sweep = SweepSpec(**spec(*grids, sample={"n": 10**9, "seed": 3}))
    numbers = np.arange(0, 10**9, 10**6)

    found = neighbours_of(sweep, numbers)

    there = np.argwhere(found >= 0)
    assert 0 < len(there) < 30  # each of 6,000 is drawn with a probability of 0.001
    for at, column in there.tolist():
        pair = sweep.columns_of(np.array([numbers[at], found[at, column]]))
        name = [grid.name for grid in reversed(sweep.grids)][column // 2]
        differ = {key for key, value in pair.items() if np.ndim(value) and value[0] != value[1]}  # type: ignore[index]
        assert differ == {name}


@examples(40)
@given(sweeps(), st.data())
def test_medians_are_those_of_the_neighbours_with_the_figure(
    sweep: SweepSpec, data: st.DataObject
) -> None:
    known = data.draw(st.dictionaries(st.integers(0, sweep.total - 1), st.floats(-9, 9)))
    numbers = np.array(sorted(known), np.int64)
    figure = FigureByNumber(numbers, np.array([known[at] for at in sorted(known)]))

    found = medians_beside(sweep, np.arange(sweep.total), figure)

    for number, median in enumerate(found.tolist()):
        values = [known[at] for at in naive_neighbours(sweep, number) if at in known]
        assert (
            (median == pytest.approx(statistics.median(values))) if values else math.isnan(median)
        )


GRIDS = (
    {"name": "min_spread_bps", "start": 0, "stop": 9, "num": 10},
    {"name": "slippage_bps", "values": [0, 1, 2, 3, 4]},
)
SWEEP = SweepSpec(**spec(*GRIDS))


def block(rows: range, columns: range) -> list[int]:
    return [5 * row + column for row, column in itertools.product(rows, columns)]


@pytest.mark.parametrize(
    ("equals", "middle"),
    [
        ([7], 7),
        (block(range(3), range(5)), 7),
        (block(range(10), range(2, 3)), 22),  # of an even number the lower of the two
        (block(range(2), range(5)), 2),
        # The middle of the larger of two plateaus, where the middle of both is an edge.
        ([*block(range(2), range(1)), *block(range(4, 9), range(5))], 32),
        ([*block(range(3), range(1)), *block(range(7, 10), range(1))], 5),
    ],
)
def test_the_middle_of_a_plateau_is_found(equals: list[int], middle: int) -> None:
    assert middle_of(SWEEP, np.array(equals)) == middle


def test_the_middle_goes_by_values_and_not_by_their_order_in_the_spec() -> None:
    shuffled = {"name": "slippage_bps", "values": [4, 0, 2, 1, 3]}
    sweep = SweepSpec(**spec(shuffled))

    assert sweep.config(middle_of(sweep, np.arange(5))).slippage_bps == 2


def test_equals_of_a_sample_are_one_plateau() -> None:
    sweep = SweepSpec(**spec(*GRIDS, sample={"n": 9, "seed": 1}))
    columns = sweep.columns(0, 9)
    middle = middle_of(sweep, np.arange(9))

    varying = [values for values in columns.values() if isinstance(values, np.ndarray)]

    steps = sum(abs(values - np.median(values)) for values in varying)

    assert steps[middle] == min(steps)


@pytest.fixture
def known(tmp_path: Path) -> KnownSweep:
    """Net profits are high at thresholds from 3 to 7, and alike at all slippages from 1 to 3."""
    folder = SweepFolder(tmp_path, "id")
    numbers = np.arange(SWEEP.total)
    threshold, slippage = numbers // 5, numbers % 5
    on_top = (abs(threshold - 5) <= 2) & (abs(slippage - 2) <= 1)
    figures: dict[str, Any] = dict.fromkeys(FIGURE_NAMES, np.ones(SWEEP.total, np.int64))
    figures["net_pnl_usd"] = np.where(on_top, 100.0, threshold + slippage / 10)
    figures["stopped_timestamp"] = [None] * SWEEP.total
    with folder.exclusively():
        folder.describe(SWEEP, "0" * 64, "2")
        folder.write_part(sweep_rows(SWEEP, 0, SWEEP.total, figures, {26: "it failed"}))
    return sweep_named("id", tmp_path)


def test_the_middle_of_the_best_is_shown(known: KnownSweep) -> None:
    best = shown_best(known)

    assert best is not None
    assert (best["min_spread_bps"], best["slippage_bps"]) == (5, 2)
    first = known.folder.best(SWEEP)
    assert first is not None
    assert first["config_number"] == 16  # what programs read stays the first


def test_a_config_is_compared_with_its_neighbours(known: KnownSweep) -> None:
    # At the corner of the plateau two of four neighbours are on it.
    assert plateau_of(known, 16, "net_pnl_usd") == Plateau("net_pnl_usd", 100.0, 51.5, 4)
    assert plateau_of(known, 27, "net_pnl_usd") == Plateau("net_pnl_usd", 100.0, 100.0, 3)
    assert plateau_of(known, 26, "net_pnl_usd").value is None


def test_there_is_no_best_where_nothing_is_there(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path, "id")
    with folder.exclusively():
        folder.describe(SWEEP, "0" * 64, "2")
    empty = sweep_named("id", tmp_path)

    assert shown_best(empty) is None
    assert plateau_of(empty, 0, "net_pnl_usd") == Plateau("net_pnl_usd", None, None, 0)
