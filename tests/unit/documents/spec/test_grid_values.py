"""The values of grids: ranges, lists, and numbers as Python has them."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbitrage.documents.spec.sweep_spec import SweepSpec
from tests.helpers.inputs import sweeps
from tests.helpers.inputs.sweeps import FIXED, spec
from tests.unit.documents.spec.asked import refusal


def values_of(grid: dict[str, Any]) -> list[Any]:
    """The values that one grid gives its field."""
    found = SweepSpec(**spec(grid))
    return [getattr(found.config(number), grid["name"]) for number in range(found.total)]


@pytest.mark.parametrize(
    ("start", "stop", "num"),
    [
        (0, 80, 161),
        (0, 1, 1),
        (0.1, 0.7, 7),
        (80, 0, 3),
        (5, 5, 1),
        (0, 1e15, 11),
        (0.3, 99.9, 997),
    ],
)
def test_num_spreads_values_evenly(start: float, stop: float, num: int) -> None:
    grid = {"name": "slippage_bps", "start": start, "stop": stop, "num": num}
    assert values_of(grid) == sweeps.range_by_num(start, stop, num)


@pytest.mark.parametrize(
    ("start", "stop", "step", "values"),
    [
        (0, 10, 2.5, [0, 2.5, 5, 7.5, 10]),
        (0, 9.99, 2.5, [0, 2.5, 5, 7.5]),
        (0, 0.3, 0.1, [0, 0.1, 0.2, 0.3]),  # 3 * 0.1 is above 0.3
        (0, 2, 2 / 3, [0, 2 / 3, 2 * (2 / 3), 2]),
        (0, 1, 1 / 3, [0, 1 / 3, 2 * (1 / 3), 1]),
        (10, 0, -4, [10, 6, 2]),
        (3, 3, 1, [3]),
        (3, 4, 5, [3]),
    ],
)
def test_step_goes_up_to_stop(start: float, stop: float, step: float, values: list[float]) -> None:
    grid = {"name": "slippage_bps", "start": start, "stop": stop, "step": step}
    assert values_of(grid) == values


def test_whole_numbers_become_ints() -> None:
    for grid in (
        {"name": "max_open_trades", "values": [1.0, 2, 3.0]},
        {"name": "max_open_trades", "start": 1, "stop": 3, "num": 3.0},
        {"name": "max_open_trades", "start": 1.0, "stop": 3.5, "step": 1.0},
    ):
        values = values_of(grid)
        assert values == [1, 2, 3]
        assert all(type(value) is int for value in values)
    assert SweepSpec(**{**FIXED, "max_open_trades": 2.0}).config(0).max_open_trades == 2


def test_a_drawdown_limit_may_vary_from_none() -> None:
    grid = {"name": "stop_on_drawdown_pct", "values": [None, 5]}
    assert values_of(grid) == [None, 5.0]
    column = SweepSpec(**spec(grid)).columns(0, 2)["stop_on_drawdown_pct"]
    assert np.isnan(column).tolist() == [True, False]
    assert math.isnan(float(SweepSpec(**FIXED).columns(0, 1)["stop_on_drawdown_pct"]))


@pytest.mark.parametrize(
    "values", [(0, 2.5), range(0, 80, 5), np.arange(0, 80, 0.5), pl.Series([0.0, 2.5])]
)
def test_python_sequences_are_lists(values: Any) -> None:
    assert values_of({"name": "slippage_bps", "values": values}) == list(values)


def test_numbers_and_paths_of_python_are_those_of_json() -> None:
    """A notebook has them from NumPy, pandas or a ledger; JSON would have the same values."""
    given: dict[str, Any] = {
        "data_file": Path("quotes.csv"),
        "taker_fee_a_bps": np.float32(2.5),
        "taker_fee_b_bps": np.int64(5),
        "slippage_bps": Decimal("0.1"),
        "initial_balance_usd": np.array(500),
        "grids": [
            {"name": "min_spread_bps", "values": np.array([1, 2.5])},
            {"name": "max_position_usd", "values": [Decimal(10), np.int8(20), np.float64(30)]},
            {
                "name": "max_open_trades",
                "start": np.int32(1),
                "stop": Decimal(3),
                "num": np.uint(3),
            },
            {"name": "stop_on_drawdown_pct", "values": (None, np.array(5, object))},
        ],
        "sample": {"n": np.int64(4), "seed": Decimal(2**64 - 1)},
        "max_jobs": np.uint8(3),
        "filters": {"max_drawdown_pct": np.float16(12.5), "min_trades": np.int64(1)},
    }
    same: dict[str, Any] = {
        "data_file": "quotes.csv",
        "taker_fee_a_bps": 2.5,
        "taker_fee_b_bps": 5,
        "slippage_bps": 0.1,
        "initial_balance_usd": 500,
        "grids": [
            {"name": "min_spread_bps", "values": [1, 2.5]},
            {"name": "max_position_usd", "values": [10, 20, 30]},
            {"name": "max_open_trades", "start": 1, "stop": 3, "num": 3},
            {"name": "stop_on_drawdown_pct", "values": [None, 5]},
        ],
        "sample": {"n": 4, "seed": 2**64 - 1},
        "max_jobs": 3,
        "filters": {"max_drawdown_pct": 12.5, "min_trades": 1},
    }
    found, expected = SweepSpec(**given), SweepSpec(**same)
    assert found.to_json() == expected.to_json()
    assert found.config(2) == expected.config(2)


@pytest.mark.parametrize("value", [np.bool_(True), np.datetime64("2024-01-01"), Path("5")])
def test_what_is_not_a_number_in_python_is_refused(value: Any) -> None:
    assert "slippage_bps must be a number, not" in refusal(
        {"name": "slippage_bps", "values": [value]}
    )


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "1e400"])
def test_a_decimal_that_is_not_finite_is_refused(text: str) -> None:
    grid = {"name": "slippage_bps", "values": [Decimal(text)]}
    assert "slippage_bps must be a finite number" in refusal(grid)
