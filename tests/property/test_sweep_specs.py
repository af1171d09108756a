"""Sweep specs against the naive listing of all their combinations."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.arbitrage_tuning import TuningConfig
from arbitrage.documents.spec.axes import MAX_VALUES, RangeAxis
from arbitrage.documents.spec.sweep_spec import SweepSpec
from tests.helpers.inputs import sweeps
from tests.helpers.inputs.examples import examples

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "min_spread_bps": st.floats(0, 1e15),
    "taker_fee_a_bps": st.floats(0, 100) | st.integers(0, 100),
    "slippage_bps": st.floats(0, 100) | st.integers(0, 100),
    "max_position_usd": st.floats(1e-3, 1e9),
    "initial_balance_usd": st.floats(1e-15, 1e15),
    "stop_on_drawdown_pct": st.none() | st.floats(1e-3, 100),
    "max_open_trades": st.integers(1, 10**15) | st.integers(1, 9).map(float),
}
Axis = tuple[dict[str, Any], list[Any]]
"""A grid as the spec says it, and its values listed."""


@st.composite
def lists(draw: st.DrawFn, name: str) -> Axis:
    values = draw(st.lists(FIELDS[name], min_size=1, max_size=5, unique=True))
    return {"name": name, "values": values}, values


@st.composite
def ranges(draw: st.DrawFn, name: str) -> Axis:
    start, stop = draw(st.floats(0.001, 100)), draw(st.floats(0.001, 100))
    num = draw(st.integers(1, 7 if abs(stop - start) > 1e-9 else 1))
    grid = {"name": name, "start": start, "stop": stop, "num": num}
    return grid, sweeps.range_by_num(start, stop, num)


@st.composite
def steps_of_quarters(draw: st.DrawFn, name: str) -> Axis:
    """Multiples of 1/4 are exact, so that naive counting finds the same end."""
    first, last = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    shortest = max(1, abs(last - first) // 6)  # seven values or so: four grids multiply
    start, stop, step = first / 4, last / 4, draw(st.integers(shortest, 40)) / 4
    sign = 1 if stop >= start else -1
    values = [start]
    while sign * (stop - (values[-1] + sign * step)) >= 0:
        values.append(values[-1] + sign * step)
    return {"name": name, "start": start, "stop": stop, "step": sign * step}, values


@st.composite
def whole_ranges(draw: st.DrawFn, name: str) -> Axis:
    start, step, num = (
        draw(st.integers(1, 10**14)),
        draw(st.integers(1, 9)),
        draw(st.integers(1, 6)),
    )
    grid = {"name": name, "start": start, "stop": start + step * (num - 1), "num": num}
    return grid, [start + step * number for number in range(num)]


@st.composite
def axes(draw: st.DrawFn) -> list[Axis]:
    names = draw(st.lists(st.sampled_from(list(FIELDS)), max_size=4, unique=True))
    return [
        draw(
            lists(name) | whole_ranges(name)
            if name == "max_open_trades"
            else st.one_of(lists(name), ranges(name), steps_of_quarters(name))
        )
        for name in names
    ]


@examples(40)
@given(axes(), st.data())
def test_configs_are_those_of_the_naive_listing(drawn: list[Axis], data: st.DataObject) -> None:
    listed = sweeps.combinations([(grid["name"], values) for grid, values in drawn])
    size = data.draw(st.none() | st.integers(1, len(listed)), "sample")
    seed = data.draw(st.integers(0, 2**64 - 1), "seed")
    limit = data.draw(st.none() | st.integers(1, 50), "max_jobs")
    given_spec = sweeps.spec(*(grid for grid, _ in drawn), max_jobs=limit)
    if size is not None:
        given_spec["sample"] = {"n": size, "seed": seed}
        listed = [listed[sweeps.permuted(i, len(listed), seed)] for i in range(size)]
    expected = listed[:limit]
    sweep = SweepSpec(**given_spec)
    assert sweep.total == len(expected)
    base = {**sweeps.FIXED}
    for number, varying in enumerate(expected):
        whole = {
            name: int(value) if name == "max_open_trades" else value
            for name, value in varying.items()
        }
        assert sweep.config(number) == TuningConfig(**{**base, **whole})


@examples(40)
@given(axes(), st.data())
def test_columns_are_the_configs_side_by_side(drawn: list[Axis], data: st.DataObject) -> None:
    sample = data.draw(st.none() | st.just({"n": 1, "seed": 5}), "sample")
    sweep = SweepSpec(**sweeps.spec(*(grid for grid, _ in drawn), sample=sample))
    start = data.draw(st.integers(0, sweep.total), "start")
    stop = data.draw(st.integers(start, sweep.total), "stop")
    for name, column in sweep.columns(start, stop).items():
        values = np.broadcast_to(column, stop - start).tolist()
        found = [None if np.isnan(value) else value for value in values]
        expected = [getattr(sweep.config(number), name) for number in range(start, stop)]
        assert found == expected
        assert list(map(type, found)) == list(map(type, expected))


@examples(40)
@given(axes(), st.data())
def test_configs_are_found_by_their_columns(drawn: list[Axis], data: st.DataObject) -> None:
    every = SweepSpec(**sweeps.spec(*(grid for grid, _ in drawn)))
    size = data.draw(st.none() | st.integers(1, every.total), "sample")
    sample = None if size is None else {"n": size, "seed": data.draw(st.integers(0, 9), "seed")}
    sweep = SweepSpec(**sweeps.spec(*(grid for grid, _ in drawn), sample=sample, max_jobs=1))
    found = sweep.numbers_of(every.columns(0, every.total), every.total).tolist()
    drawn_numbers = range(every.total if size is None else size)
    assert sorted(number for number in found if number >= 0) == [*drawn_numbers]
    there = np.flatnonzero(np.array(found) >= 0)
    columns, others = sweep.columns_of(np.array(found)[there]), every.columns_of(there)
    for name, other in others.items():
        assert np.array_equal(columns[name], other, equal_nan=True)


@examples(60)
@given(st.floats(0, 1e15), st.floats(0, 1e15), st.integers(2, MAX_VALUES), st.booleans(), st.data())
def test_the_values_of_a_range_are_found_in_it(
    start: float, stop: float, num: int, by_step: bool, data: st.DataObject
) -> None:
    step = (stop - start) / num
    if by_step and (not step or (stop - start) / step >= MAX_VALUES - 1):
        return
    make = RangeAxis.by_step if by_step else RangeAxis.by_num
    axis = make(start, stop, step if by_step else num)  # type: ignore[arg-type]
    if axis.may_repeat():
        return  # which no grid is
    last = axis.size - 1
    index = st.integers(0, last) | st.integers(max(0, last - 3), last)
    indices = np.array(data.draw(st.lists(index, min_size=1, max_size=9)), np.int64)
    values = axis.at(indices)
    assert axis.indices_of(values).tolist() == indices.tolist()
    strangers = np.array([*np.nextafter(values, -1), np.nan])
    assert set(axis.indices_of(strangers[~np.isin(strangers, values)]).tolist()) <= {-1}


@examples(30)
@given(axes())
def test_a_spec_travels_and_keeps_its_jobs(drawn: list[Axis]) -> None:
    sweep = SweepSpec(**sweeps.spec(*(grid for grid, _ in drawn), tag_prefix="p"))
    again = SweepSpec.from_text(sweep.to_json())
    assert again.identity() == sweep.identity()
    assert again.to_json() == sweep.to_json()
    count = min(sweep.total, 20)
    assert [again.config(i) for i in range(count)] == [sweep.config(i) for i in range(count)]


@examples(60)
@given(st.floats(0, 1e15), st.floats(0, 1e15), st.integers(1, MAX_VALUES), st.data())
def test_a_value_of_a_range_lies_between_its_ends(
    start: float, stop: float, num: int, data: st.DataObject
) -> None:
    """Which is why a range is known good by its two ends."""
    low, high = min(start, stop), max(start, stop)
    step = (stop - start) / num
    ranges = [RangeAxis.by_num(start, stop, num)]
    if step and (stop - start) / step < MAX_VALUES - 1:
        ranges.append(RangeAxis.by_step(start, stop, step))
    for axis in ranges:
        last = axis.size - 1
        index = st.integers(0, last) | st.integers(max(0, last - 3), last)
        indices = data.draw(st.lists(index, min_size=1, max_size=9))
        values = axis.at(np.array(indices, np.int64)).tolist()
        assert all(low <= value <= high for value in values)


@examples(60)
@given(st.integers(1, 1000), st.floats(1e-6, 1e6), st.floats(0, 1e6))
def test_a_step_hits_the_stop_it_was_computed_from(num: int, step: float, start: float) -> None:
    """However rounding falls: `num` steps from start end at stop, exactly."""
    grid = {"name": "slippage_bps", "start": start, "stop": start + num * step, "step": step}
    if abs((start + num * step - start) / step - num) > 1e-10:
        return  # start is so large that the steps themselves are rounded away
    sweep = SweepSpec(**sweeps.spec(grid))
    assert sweep.total == num + 1
    assert sweep.config(num).slippage_bps == start + num * step


@examples(60)
@given(st.floats(0, 1e15), st.floats(0, 1e3), st.integers(2, 2_000))
def test_the_values_of_a_range_differ_or_it_may_repeat(start: float, way: float, num: int) -> None:
    axis = RangeAxis.by_num(start, start + way, num)
    values = axis.at(np.arange(num, dtype=np.int64)).tolist()
    assert axis.may_repeat() or len(set(values)) == num
