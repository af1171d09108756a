"""What parameters explain, against numpy on the grid itself, and what noise alone does not."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.report.importance import Importances, importances, two_most_important
from tests.helpers.inputs.examples import examples
from tests.helpers.inputs.sweeps import spec

NAMES = ("min_spread_bps", "slippage_bps", "max_position_usd")


def _sweep(*sizes: int, **fields: Any) -> SweepSpec:
    grids = [
        {"name": name, "values": [float(value) for value in range(1, size + 1)]}
        for name, size in zip(NAMES, sizes, strict=False)
    ]
    return SweepSpec.model_validate(spec(*grids, **fields))


def _rows(sweep: SweepSpec, figure: Callable[..., Any]) -> pl.LazyFrame:
    """A row a config; the figure is computed from the parameters that vary."""
    columns = sweep.columns(0, sweep.total)
    varying = {grid.name: np.asarray(columns[grid.name]) for grid in sweep.grids}
    return pl.DataFrame({**varying, "net_pnl_usd": figure(*varying.values())}).lazy()


def _shares(found: Importances) -> dict[str, tuple[float | None, float | None]]:
    return {one.parameter: (one.main_effect, one.total) for one in found.parameters}


@examples(20)
@given(
    arrays(
        np.float64,
        st.tuples(*[st.integers(2, 5)] * 3),
        elements=st.integers(-1000, 1000).map(float),
    ).filter(lambda cube: bool(np.ptp(cube) > 0))
)
def test_shares_on_a_full_grid_are_those_of_the_cube_itself(cube: np.ndarray[Any, Any]) -> None:
    sweep = _sweep(*cube.shape)
    found = importances(_rows(sweep, lambda *_: cube.ravel()), sweep)
    assert found.is_exact
    for axis, name in enumerate(NAMES):
        others = tuple({0, 1, 2} - {axis})
        main, total = _shares(found)[name]
        assert main == pytest.approx(cube.mean(axis=others).var() / cube.var(), abs=1e-9)
        assert total == pytest.approx(cube.var(axis=axis).mean() / cube.var(), abs=1e-9)


def test_a_parameter_that_acts_only_together_with_another_has_a_total_and_no_main_effect() -> None:
    sweep = _sweep(4, 4, 2)
    found = importances(_rows(sweep, lambda a, b, _: (a - 2.5) * (b - 2.5)), sweep)
    shares = _shares(found)
    assert shares["min_spread_bps"] == pytest.approx((0, 1))
    assert shares["slippage_bps"] == pytest.approx((0, 1))
    assert shares["max_position_usd"] == pytest.approx((0, 0))
    assert found.names()[-1] == "max_position_usd"


def test_what_is_equal_everywhere_has_no_shares_and_no_top_tenth() -> None:
    sweep = _sweep(3, 3)
    found = importances(_rows(sweep, lambda a, _: np.full(a.shape, 0.1)), sweep)
    assert set(_shares(found).values()) == {(None, None)}
    assert (found.top_from, found.top_configs) == (None, 0)
    assert {one.top_tenth for one in found.parameters} == {None}


def test_the_top_tenth_is_counted() -> None:
    sweep = _sweep(10, 10)
    found = importances(_rows(sweep, lambda a, b: np.where(a == 7, 100 + b, -(b**9))), sweep)
    assert (found.top_from, found.top_configs) == (101.0, 10)
    top = {one.parameter: one.top_tenth for one in found.parameters}
    assert top == pytest.approx({"min_spread_bps": 1.0, "slippage_bps": 0.0}, abs=1e-9)
    assert found.names()[0] == "slippage_bps"  # the tail of losses has the variance


def test_chance_alone_explains_nothing_on_a_part_of_a_grid() -> None:
    """Means of four configs each differ a lot; what they differ by chance is subtracted."""
    mains, totals = [], []
    for seed in range(10):
        sweep = _sweep(50, 60, sample={"n": 200, "seed": seed})
        noise = np.random.default_rng(seed)
        found = importances(
            _rows(sweep, lambda a, _, noise=noise: 3 * (a > 25) + noise.normal(size=len(a))), sweep
        )
        assert not found.is_exact
        mains.append(_shares(found)["slippage_bps"][0])
        totals.append(_shares(found)["min_spread_bps"][1])
    assert np.mean(np.array(mains, float)) < 0.08  # 0.3 without the subtraction
    assert np.mean(np.array(totals, float)) > 0.8


def test_a_part_of_a_grid_tells_what_the_whole_tells() -> None:
    def figure(a: Any, b: Any, c: Any) -> Any:
        return a * b + 5 * c

    whole, part = _sweep(12, 12, 12), _sweep(12, 12, 12, sample={"n": 1200, "seed": 3})
    exact = _shares(importances(_rows(whole, figure), whole))
    estimate = importances(_rows(part, figure), part)
    assert not estimate.is_exact
    for name, shares in _shares(estimate).items():
        assert shares == pytest.approx(exact[name], abs=0.04)


def test_too_few_pairs_tell_no_total() -> None:
    sweep = _sweep(300, 300, sample={"n": 60})
    found = importances(_rows(sweep, lambda a, _: a), sweep)
    assert {one.total for one in found.parameters} == {None}


def test_rows_without_the_figure_do_not_count() -> None:
    sweep = _sweep(3, 3)
    rows = _rows(sweep, lambda a, _: a).with_columns(
        net_pnl_usd=pl.when(pl.col("slippage_bps") > 1).then(pl.col("net_pnl_usd"))
    )
    found = importances(rows, sweep)
    assert (found.configs, found.is_exact) == (6, False)


@pytest.mark.parametrize("order", [*itertools.permutations([9, 3, 1])])
def test_the_two_most_important_come_in_their_order(order: tuple[int, ...]) -> None:
    sweep = _sweep(3, 3, 3)
    weights = np.array(order)
    rows = _rows(sweep, lambda *columns: weights @ np.array(columns))
    ranked = [NAMES[place] for place in np.argsort(-weights)]
    assert two_most_important(rows, sweep) == tuple(ranked[:2])


def test_fewer_than_two_that_vary_are_no_picture() -> None:
    sweep = _sweep(5, 1)
    assert two_most_important(_rows(sweep, lambda a, _: a), sweep) is None
