"""Cells over two parameters, and profit against drawdown, against plain Python."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.report.frontier import frontier_of
from arbitrage.results.report.levels import levels_of
from arbitrage.results.report.two_parameters import BEST, MEDIAN, over_two, sweep_heatmap
from arbitrage.results.store.rows import SCHEMA
from tests.helpers.inputs.examples import examples
from tests.helpers.inputs.sweeps import spec

A, B, C = "min_spread_bps", "stop_on_drawdown_pct", "slippage_bps"


def _sweep(**fields: Any) -> SweepSpec:
    grids: list[dict[str, Any]] = [
        {"name": A, "start": 0, "stop": 10, "step": 2.5},
        {"name": B, "values": [10, None, 5]},
        {"name": C, "values": [1, 2]},
    ]
    return SweepSpec.model_validate(spec(*grids, **fields))


def _rows(sweep: SweepSpec, net: Any, trades: int = 10) -> pl.LazyFrame:
    columns = sweep.columns(0, sweep.total)
    varying = {grid.name: np.asarray(columns[grid.name]) for grid in sweep.grids}
    known = {**varying, "net_pnl_usd": net, "total_trades": [trades] * sweep.total}
    numbered = pl.DataFrame(known).fill_nan(None).with_row_index("config_number")
    empty = SCHEMA.to_frame().with_columns()
    return pl.concat(
        [empty, numbered.cast({"config_number": pl.Int64})], how="diagonal_relaxed"
    ).lazy()


def test_steps_go_by_size_and_a_null_is_the_last() -> None:
    sweep = _sweep()
    rows = _rows(sweep, [0.0] * sweep.total)
    assert levels_of(rows, sweep.grids[0], 20).labels == ("0", "2.5", "5", "7.5", "10")
    assert levels_of(rows, sweep.grids[1], 20).labels == ("5", "10", "none")
    assert levels_of(rows, sweep.grids[0], 2).labels == ("0 to 5", "7.5 to 10")


def test_long_values_are_rounded_as_long_as_they_differ() -> None:
    thirds = {"name": A, "start": 0, "stop": 10, "num": 13}
    sweep = SweepSpec.model_validate(spec(thirds))
    rows = pl.DataFrame({A: sweep.columns(0, 13)[A]}).lazy()
    labels = levels_of(rows, sweep.grids[0], 20).labels
    assert labels[:3] == ("0", "0.8333", "1.667")
    close = {"name": A, "values": [1.00000000000000022, 1.00000000000000044]}
    sweep = SweepSpec.model_validate(spec(close))
    rows = pl.DataFrame({A: sweep.columns(0, 2)[A]}).lazy()
    assert len(set(levels_of(rows, sweep.grids[0], 20).labels)) == 2


@examples(15)
@given(st.lists(st.integers(-50, 50), min_size=30, max_size=30), st.integers(1, 5))
def test_cells_have_the_best_and_the_median_of_their_configs(nets: list[int], most: int) -> None:
    sweep = _sweep()
    rows = _rows(sweep, [float(net) for net in nets])
    down, across = (levels_of(rows, grid, most) for grid in sweep.grids[:2])
    found = over_two(across.on(down.on(rows)), "net_pnl_usd", down, across)
    steps = dict(down.steps.iter_rows()), dict(across.steps.iter_rows())
    cells: dict[tuple[int, int], list[int]] = {}
    for number, net in enumerate(nets):
        config = sweep.config(number)
        at = steps[0][config.min_spread_bps], steps[1][config.stop_on_drawdown_pct]
        cells.setdefault(at, []).append(net)
    for (row, column), values in cells.items():
        assert found.cells[BEST][row][column] == max(values)
        assert found.cells[MEDIAN][row][column] == statistics.median(values)
    assert sum(value is not None for row in found.cells[BEST] for value in row) == len(cells)


def test_the_picture_of_a_sweep_has_the_longer_axis_down_and_only_what_passes() -> None:
    sweep = _sweep(filters={"min_trades": 5})
    net = [float(number // 6 + number % 2) for number in range(30)]
    heatmap = sweep_heatmap(_rows(sweep, net), sweep)
    assert heatmap is not None
    assert (heatmap.down.name, heatmap.across.name) == (A, C)
    assert heatmap.values == [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]
    assert sweep_heatmap(_rows(sweep, net, trades=4), sweep) is None


POINTS = st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 9)), min_size=1, max_size=40)


def _points(points: list[tuple[int, int]]) -> pl.LazyFrame:
    return pl.DataFrame(
        {
            "config_number": range(len(points)),
            "net_pnl_usd": [float(net) for net, _ in points],
            "max_drawdown_pct": [float(drawdown) for _, drawdown in points],
        },
        schema={
            "config_number": pl.Int64,
            "net_pnl_usd": pl.Float64,
            "max_drawdown_pct": pl.Float64,
        },
    ).lazy()


@examples(25)
@given(POINTS)
def test_the_front_is_what_nothing_betters(points: list[tuple[int, int]]) -> None:
    front = frontier_of(_points(points)).front
    expected = {
        (net, drawdown)
        for net, drawdown in points
        if not any(
            other_net >= net
            and other_drawdown <= drawdown
            and (other_net, other_drawdown) != (net, drawdown)
            for other_net, other_drawdown in points
        )
    }
    found = [*front.select("net_pnl_usd", "max_drawdown_pct").iter_rows()]
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert all(points[row[0]] == (row[1], row[2]) for row in front.iter_rows())


@examples(25)
@given(POINTS)
def test_the_cloud_counts_every_config_that_is_not_outside(points: list[tuple[int, int]]) -> None:
    found = frontier_of(_points(points))
    best, drawdown = max((net, -drawdown) for net, drawdown in points)
    outside = [
        net < -0.5 * best or (drawdown < 0 and other > -2 * drawdown) for net, other in points
    ]
    assert found.outside == (sum(outside) if best > 0 else 0)
    assert found.cloud["configs"].sum() == len(points) - found.outside
    assert found.configs == len(points)


def test_no_configs_make_no_cloud() -> None:
    found = frontier_of(_points([]))
    assert (found.cloud.height, found.front.height, found.configs) == (0, 0, 0)
