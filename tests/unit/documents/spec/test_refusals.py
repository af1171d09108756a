"""What a spec refuses, and in which words."""

from __future__ import annotations

import math
from typing import Any

import pytest

from arbitrage.documents.spec.sweep_spec import RANKABLE_FIGURES, SweepSpec
from tests.helpers.inputs.sweeps import FIXED
from tests.unit.documents.spec.asked import SLIPPAGES, refusal


@pytest.mark.parametrize(
    ("grid", "sentence"),
    [
        ({"values": [1]}, "a grid: name must be specified"),
        (5, "a grid must be a JSON object with the fields of a Grid, not 5"),
        ({"name": 5, "values": [1]}, "a grid: name must be text, not 5"),
        (
            {"name": "min_spread", "values": [1]},
            "grid min_spread: no field has this name: did you mean min_spread_bps?",
        ),
        ({"name": "data_file", "values": ["x"]}, "grid data_file: only numbers vary: min_spread"),
        ({"name": "tag", "values": ["x"]}, "grid tag: only numbers vary"),
        (
            {"name": "slippage_bps", "vales": [1]},
            "grid slippage_bps: unknown field 'vales': did you mean values?",
        ),
        ({"name": "slippage_bps"}, "grid slippage_bps: values must be specified, or start and"),
        ({"name": "slippage_bps", "start": 1}, "grid slippage_bps: values must be specified, or"),
        ({"name": "slippage_bps", "values": []}, "slippage_bps: values must hold at least one"),
        ({"name": "slippage_bps", "values": 5}, "slippage_bps: values must be a list, not 5"),
        (
            {"name": "slippage_bps", "values": [1], "num": 1},
            "grid slippage_bps: values stand alone, without start, stop, num or step",
        ),
        ({"name": "slippage_bps", "values": [1, -1]}, "slippage_bps must be non-negative, not -1"),
        ({"name": "slippage_bps", "values": [1, "2"]}, "slippage_bps must be a number, not '2'"),
        ({"name": "slippage_bps", "values": [True]}, "slippage_bps must be a number, not True"),
        ({"name": "slippage_bps", "values": [None]}, "slippage_bps must be a number, not None"),
        ({"name": "slippage_bps", "values": [math.nan]}, "must be a finite number, not nan"),
        ({"name": "slippage_bps", "values": [2e15]}, "must be at most 1e15, not 2000000000000000."),
        ({"name": "max_position_usd", "values": [0]}, "max_position_usd must be positive, not 0"),
        ({"name": "max_open_trades", "values": [1.5]}, "must be a whole number, not 1.5"),
        ({"name": "max_open_trades", "values": [0]}, "must be at least 1, not 0"),
        ({"name": "slippage_bps", "values": [0, 1, 1.0]}, "must differ, but 1 stands twice"),
        ({"name": "slippage_bps", "values": [0, 2, -0.0]}, "must differ, but 0 stands twice"),
        (
            {"name": "slippage_bps", "values": [0.1, 0.1000000000000000001]},
            "grid slippage_bps: values must differ, but 0.1 stands twice",
        ),
        ({"name": "max_open_trades", "values": [2, 2.0]}, "must differ, but 2 stands twice"),
        (
            {"name": "stop_on_drawdown_pct", "values": [None, 5, None]},
            "values must differ, but null stands twice",
        ),
        (
            {"name": "slippage_bps", "start": 5, "stop": 5, "num": 3},
            "grid slippage_bps: start and stop are too close together for 3 different values",
        ),
        (
            {"name": "max_position_usd", "start": 1e14, "stop": 1e14 + 1, "step": 0.01},
            "start and stop are too close together for 101 different values",
        ),
        ({"name": "slippage_bps", "start": 0, "stop": 1}, "a range has either num or step"),
        (
            {"name": "slippage_bps", "start": 0, "stop": 1, "num": 2, "step": 1},
            "grid slippage_bps: a range has either num or step",
        ),
        (
            {"name": "slippage_bps", "start": 0, "stop": 1, "num": 0},
            "num must be at least 1, not",
        ),
        ({"name": "slippage_bps", "start": 0, "stop": 1, "num": 2.5}, "num must be a whole number"),
        (
            {"name": "slippage_bps", "start": 0, "stop": 1, "num": True},
            "num must be a whole number",
        ),
        ({"name": "slippage_bps", "start": "0", "stop": 1, "num": 2}, "start must be a number"),
        ({"name": "slippage_bps", "start": 0, "stop": math.inf, "num": 2}, "stop must be a finite"),
        (
            {"name": "slippage_bps", "start": 0, "stop": 1, "step": 0},
            "step must lead from start",
        ),
        ({"name": "slippage_bps", "start": 0, "stop": 1, "step": -1}, "step must lead from start"),
        ({"name": "slippage_bps", "start": 1, "stop": 0, "step": 1}, "step must lead from start"),
        (
            {"name": "slippage_bps", "start": 0, "stop": 1, "step": 1e-13},
            "a grid has at most 1,000,000,000,000 values",
        ),
        (
            {"name": "slippage_bps", "start": -2, "stop": 1, "num": 4},
            "grid slippage_bps: slippage_bps must be non-negative, not -2.0",
        ),
        (
            {"name": "stop_on_drawdown_pct", "start": 50, "stop": 150, "num": 3},
            "stop_on_drawdown_pct must be at most 100, not 150.0",
        ),
        (
            {"name": "max_open_trades", "start": 1, "stop": 4, "num": 3},
            "grid max_open_trades: max_open_trades must be a whole number, not 2.5",
        ),
        (
            {"name": "max_open_trades", "start": 1, "stop": 3, "step": 0.5},
            "grid max_open_trades: max_open_trades must be a whole number, not 1.5",
        ),
    ],
)
def test_a_wrong_grid_is_refused_by_name(grid: Any, sentence: str) -> None:
    assert sentence in refusal(grid)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"grids": 5}, "grids must be a list, not 5"),
        ({"grid": []}, "unknown field 'grid': did you mean grids?"),
        ({"min_spread": 5}, "unknown field 'min_spread': did you mean min_spread_bps?"),
        ({"slippage_bps": -1}, "slippage_bps must be non-negative"),
        ({"slippage_bps": "1"}, "slippage_bps must be a number, not '1'"),
        (
            {"slippage_bps": [1, 2]},
            (
                "slippage_bps must be a number, not [1, 2]; what varies belongs under grids: "
                "{name: slippage_bps, values: [...]}"
            ),
        ),
        ({"slippage_bps": {"start": 0}}, "belongs under grids: {name: slippage_bps"),
        ({"data_file": " "}, "data_file must be specified"),
        ({"max_open_trades": 1.5}, "max_open_trades must be a whole number, not 1.5"),
        ({"max_jobs": 0}, "max_jobs must be at least 1"),
        ({"max_jobs": "5"}, "max_jobs must be a whole number, not '5'"),
        ({"sample": 5}, "sample must be a JSON object with the fields of a Sample, not 5"),
        ({"sample": {"seed": 1}}, "sample: n must be specified"),
        ({"sample": {"n": 0}}, "sample: n must be at least 1"),
        ({"sample": {"n": 1, "seed": -1}}, "sample: seed must be at least 0"),
        ({"sample": {"n": 1, "sed": 1}}, "sample: unknown field 'sed': did you mean seed?"),
        ({"sample": {"n": 2}}, "sample: n is 2, but the number of combinations is 1"),
        ({"filters": {"min_trade": 1}}, "filters: unknown field 'min_trade': did you mean min_tra"),
        ({"filters": {"max_drawdown_pct": "5"}}, "filters: max_drawdown_pct must be a number, not"),
        ({"filters": {"min_trades": -1}}, "filters: min_trades must be at least 0"),
        ({"rank_by": "net_pnl"}, "rank_by is 'net_pnl', which is not a figure to rank by: did you"),
        ({"rank_by": "runtime_seconds"}, "rank_by is 'runtime_seconds', which is not a figure"),
        ({"rank_by": 5}, "rank_by must be text, not 5"),
        ({"tag_prefix": 5}, "tag_prefix must be text, not 5"),
        ({"tag": "a", "tag_prefix": "b"}, "tag and tag_prefix stand both, but a job has one tag"),
        ({"extra": {"a": "x" * 20_000}}, "extra must be at most 16,384 bytes"),
    ],
)
def test_a_wrong_field_is_refused_by_name(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        SweepSpec(**{**FIXED, **fields})
    assert sentence in str(caught.value)


@pytest.mark.parametrize("name", ["slippage_bps", "data_file"])
def test_a_field_that_stands_nowhere_must_be_specified(name: str) -> None:
    given = {key: value for key, value in FIXED.items() if key != name}
    with pytest.raises(ValueError, match=f"{name} must be specified"):
        SweepSpec(**given)


def test_a_field_stands_in_one_place_only() -> None:
    assert "slippage_bps stands in two grids" in refusal(SLIPPAGES, SLIPPAGES)
    twice = refusal(SLIPPAGES, slippage_bps=1)
    assert "slippage_bps stands both in a grid and at the top level" in twice


def test_every_wrong_grid_is_named_at_once() -> None:
    wrong = [{"name": name, "values": [-1]} for name in ("min_spread_bps", "slippage_bps")]
    text = refusal(*wrong)
    assert "grid min_spread_bps: " in text
    assert "grid slippage_bps: " in text


def test_combinations_are_bounded() -> None:
    grids = [
        {"name": name, "start": 0, "stop": 1, "num": 10**7}
        for name in ("min_spread_bps", "slippage_bps")
    ]
    assert "the grids have 100,000,000,000,000 combinations; a sweep has at" in refusal(*grids)


def test_a_spec_is_bounded_in_python_too() -> None:
    values = [number + 0.123456 for number in range(10_000)]
    text = refusal({"name": "slippage_bps", "values": values})
    assert "a sweep spec is at most 65,536 bytes: make long lists ranges" in text


@pytest.mark.parametrize("rank", RANKABLE_FIGURES)
def test_every_figure_ranks(rank: str) -> None:
    assert SweepSpec(**FIXED, rank_by=rank).rank_by == rank


def test_a_spec_cannot_be_changed() -> None:
    sweep = SweepSpec(**FIXED)
    with pytest.raises(ValueError, match="frozen"):
        sweep.max_jobs = 5  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        sweep.slippage_bps = 5  # type: ignore[attr-defined]
