"""Values of grids as people read them: short, and the number of the spec all the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from arbitrage.documents.spec.grids import Grid
from arbitrage.documents.spec.short_values import short_text, short_value


def grid(**parts: Any) -> Grid:
    return Grid(name="min_spread_bps", **parts)


def texts(of: Grid) -> list[str]:
    values = of.axis.at(np.arange(of.axis.size)).tolist()
    return [short_text(of, value) for value in values]


@pytest.mark.parametrize(
    ("parts", "digits"),
    [
        ({"start": 0, "stop": 30, "step": 0.1}, 1),
        ({"start": 0, "stop": 40, "num": 401}, 1),
        ({"start": 9.3, "stop": 0, "step": -0.05}, 2),
        ({"start": 0.125, "stop": 4, "num": 32}, 3),
        ({"start": 0, "stop": 2.55, "step": 0.1}, 1),
    ],
)
def test_a_range_is_shown_in_the_digits_of_its_step(parts: dict[str, Any], digits: int) -> None:
    of = grid(**parts)
    step = parts.get("step") or (parts["stop"] - parts["start"]) / (parts["num"] - 1)
    for index, text in enumerate(texts(of)):
        assert float(text) == round(parts["start"] + index * step, digits)
        assert len(text.partition(".")[2]) <= digits


def test_a_product_that_no_double_meets_is_shown_as_it_was_meant() -> None:
    of = grid(start=0, stop=20, step=0.1)
    [value] = of.axis.at(np.array([147])).tolist()
    assert repr(value) == "14.700000000000001"
    assert texts(of)[147] == "14.7"


@pytest.mark.parametrize(
    "parts", [{"start": 0, "stop": 1, "num": 4}, {"values": [0.1 + 0.2, 99.0000001, 20]}]
)
def test_what_no_few_digits_write_stays_as_it_is(parts: dict[str, Any]) -> None:
    of = grid(**parts)
    values = of.axis.at(np.arange(of.axis.size)).tolist()
    assert [short_value(of, value) for value in values] == values


def test_a_null_and_a_range_of_one_value() -> None:
    assert short_text(Grid(name="stop_on_drawdown_pct", values=[None, 5]), None) == "null"
    assert texts(grid(start=0.3, stop=9, num=1)) == ["0.3"]
    assert texts(Grid(name="max_open_trades", start=1, stop=3, step=1)) == ["1", "2", "3"]
