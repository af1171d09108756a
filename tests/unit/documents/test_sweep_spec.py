"""What a sweep spec accepts, in which order its configs come, and in which words it refuses."""

from __future__ import annotations

import json
import math
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbitrage.arbitrage_tuning import TuningConfig
from arbitrage.documents.config import NUMERIC_FIELDS
from arbitrage.documents.spec.sweep_spec import RANKABLE_FIGURES, SweepSpec, sweep_id
from arbitrage.errors import ConfigError
from tests import sweeps
from tests.sweeps import FIXED, spec

SPREADS = {"name": "min_spread_bps", "start": 0, "stop": 80, "num": 161}
SLIPPAGES = {"name": "slippage_bps", "values": [0, 2.5, 5]}

EXAMPLE = """\
data_file: data/sample_arbitrage_prices.csv
taker_fee_a_bps: 5
taker_fee_b_bps: 5
max_position_usd: 1000
grids:
  - {name: min_spread_bps, start: 0, stop: 80, num: 161}
  - {name: slippage_bps, values: [0, 2.5, 5]}
sample: {n: 400, seed: 7}
max_jobs: 50
tag_prefix: sess001
rank_by: net_pnl_usd
filters: {max_drawdown_pct: 15, min_trades: 5}
"""


def values_of(grid: dict[str, Any]) -> list[Any]:
    """The values that one grid gives its field."""
    found = SweepSpec(**spec(grid))
    return [getattr(found.config(number), grid["name"]) for number in range(found.total)]


def refusal(*grids: Any, **fields: Any) -> str:
    """The text of the ValueError that construction raises."""
    named = [grid for grid in grids if isinstance(grid, dict) and "name" in grid]
    with pytest.raises(ValueError) as caught:
        SweepSpec(**{**spec(*named), "grids": list(grids), **fields})
    return str(caught.value)


def refusal_of_text(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        SweepSpec.from_text(text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# The order


def test_the_last_grid_varies_fastest() -> None:
    sweep = SweepSpec(**spec(SPREADS, SLIPPAGES))
    first = [sweep.config(number) for number in range(4)]
    assert [config.slippage_bps for config in first] == [0.0, 2.5, 5.0, 0.0]
    assert [config.min_spread_bps for config in first] == [0.0, 0.0, 0.0, 0.5]
    assert sweep.total == 483


def test_a_sweep_without_grids_is_one_job() -> None:
    sweep = SweepSpec(**FIXED)
    assert (sweep.total, sweep.config(0)) == (1, TuningConfig(**FIXED))


def test_a_tag_is_the_prefix_and_the_number() -> None:
    sweep = SweepSpec(**spec(SPREADS, tag_prefix="sess001"))
    assert sweep.config(17).tag == "sess001-17"
    assert SweepSpec(**spec(SPREADS, tag="fixed")).config(17).tag == "fixed"
    assert SweepSpec(**spec(SPREADS)).config(17).tag is None


def test_max_jobs_keeps_the_first_ones() -> None:
    whole = SweepSpec(**spec(SPREADS))
    first = SweepSpec(**spec(SPREADS, max_jobs=50))
    assert first.total == 50
    assert [first.config(i) for i in range(50)] == [whole.config(i) for i in range(50)]
    assert SweepSpec(**spec(SPREADS, max_jobs=1000)).total == 161


def test_a_sample_draws_different_combinations_in_the_order_of_its_permutation() -> None:
    whole = SweepSpec(**spec(SPREADS, SLIPPAGES))
    drawn = SweepSpec(**spec(SPREADS, SLIPPAGES, sample={"n": 400, "seed": 7}))
    assert drawn.total == 400
    configs = [drawn.config(number) for number in range(400)]
    assert configs == [whole.config(sweeps.permuted(number, 483, 7)) for number in range(400)]
    assert len({config.to_json() for config in configs}) == 400


def test_a_larger_sample_begins_with_the_smaller() -> None:
    few, many = (SweepSpec(**spec(SPREADS, sample={"n": n, "seed": 7})) for n in (5, 100))
    assert [few.config(i) for i in range(5)] == [many.config(i) for i in range(5)]


def test_a_hundred_million_combinations_are_counted_at_once() -> None:
    grids = [
        {"name": name, "start": 0, "stop": 50, "num": 10_000}
        for name in ("min_spread_bps", "slippage_bps")
    ]
    sweep = SweepSpec(**spec(*grids, sample={"n": 10**8, "seed": 1}))
    assert sweep.total == 10**8
    columns = sweep.columns(10**8 - 3, 10**8)
    assert columns["min_spread_bps"].tolist() == [  # type: ignore[union-attr]
        sweep.config(number).min_spread_bps for number in range(10**8 - 3, 10**8)
    ]


@pytest.mark.parametrize("number", [-1, 161])
def test_there_is_no_config_outside(number: int) -> None:
    sweep = SweepSpec(**spec(SPREADS))
    with pytest.raises(IndexError, match=f"config {number} of a sweep of 161"):
        sweep.config(number)


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (5, 4), (0, 162)])
def test_there_are_no_columns_outside(start: int, stop: int) -> None:
    sweep = SweepSpec(**spec(SPREADS))
    with pytest.raises(IndexError, match="of a sweep of 161"):
        sweep.columns(start, stop)


# The values


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


def test_specs_compare_by_their_jobs_and_their_ranking() -> None:
    """However they are spelled, defaults written out or not."""
    grid = {"name": "slippage_bps", "values": [0, 2.0]}
    one = SweepSpec(**spec(grid))
    same = SweepSpec(**spec({**grid, "values": (0.0, 2)}, initial_balance_usd=10_000))
    assert one.total == same.total == 2  # whatever they have computed of themselves
    assert one == same
    assert one.grids == same.grids
    assert len({one, same}) == len({*one.grids, *same.grids}) == 1
    others = [
        SweepSpec(**spec({**grid, "values": [0, 3]})),
        SweepSpec(**spec(grid), max_jobs=1),
        SweepSpec(**spec(grid), rank_by="win_rate"),
        SweepSpec(**{**spec(grid), "filters": {"min_trades": 1}}),
        SweepSpec(**spec(grid), tag_prefix="x"),
    ]
    assert one not in others
    assert one.grids[0] != others[0].grids[0]
    assert one != one.to_json()


def test_columns_hold_what_the_configs_hold() -> None:
    sweep = SweepSpec(**spec(SPREADS, {"name": "max_open_trades", "values": [1, 2]}))
    columns = sweep.columns(3, 300)
    assert list(columns) == list(NUMERIC_FIELDS)
    spreads, trades = columns["min_spread_bps"], columns["max_open_trades"]
    assert isinstance(spreads, np.ndarray)
    assert isinstance(trades, np.ndarray)
    assert spreads.dtype == np.float64
    assert trades.dtype == np.int64
    assert (columns["taker_fee_a_bps"], columns["initial_balance_usd"]) == (5.0, 10_000.0)


# What is refused


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


# Files and texts


def test_the_documented_example_loads_as_yaml_and_as_json(tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text(EXAMPLE, encoding="utf-8")
    sweep = SweepSpec.from_file(tmp_path / "sweep.yaml")
    assert (sweep.total, sweep.combinations) == (50, 483)
    assert sweep.data_file == "data/sample_arbitrage_prices.csv"
    (tmp_path / "sweep.json").write_text(sweep.to_json(), encoding="utf-8-sig")
    again = SweepSpec.from_file(str(tmp_path / "sweep.json"))
    assert again.to_json() == sweep.to_json()
    assert [again.config(i) for i in range(50)] == [sweep.config(i) for i in range(50)]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e3", 1000.0), ("1.5e3", 1500.0), ("+2", 2.0), (".5", 0.5), ("0", 0.0), ("1E-2", 0.01)],
)
def test_numbers_in_yaml_are_those_of_json(text: str, value: float) -> None:
    lines = [f"{name}: {given}" for name, given in FIXED.items() if name != "slippage_bps"]
    sweep = SweepSpec.from_text("\n".join([*lines, f"slippage_bps: {text}"]))
    assert sweep.config(0).slippage_bps == value


@pytest.mark.parametrize(
    "text", ["yes", "on", "010", "0x1F", "0o17", "1_000", "1:30", "2024-01-01", "'5'", "[5]", "="]
)
def test_what_only_looks_like_a_number_is_refused_by_name(text: str) -> None:
    lines = [f"{name}: {given}" for name, given in FIXED.items() if name != "slippage_bps"]
    sentence = refusal_of_text("\n".join([*lines, f"slippage_bps: {text}"]))
    assert "slippage_bps must be a number, not " in sentence


@pytest.mark.parametrize("text", ["true", ".inf", "-.inf", ".nan", "1e999", "", "~"])
def test_no_number_is_refused_by_name(text: str) -> None:
    lines = [f"{name}: {given}" for name, given in FIXED.items() if name != "slippage_bps"]
    assert "slippage_bps must be a" in refusal_of_text("\n".join([*lines, f"slippage_bps: {text}"]))


def test_what_looks_like_a_date_or_an_octal_is_a_tag() -> None:
    lines = [f"{name}: {given}" for name, given in FIXED.items()]
    for text in ("2024-01-01", "007", "yes", "12:30"):
        assert SweepSpec.from_text("\n".join([*lines, f"tag: {text}"])).config(0).tag == text


BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "\n".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("slippage_bps: 1\nslippage_bps: 2", "slippage_bps stands twice, line 2"),
        ("grids:\n- {name: a, name: b}", "name stands twice, line 2"),
        ('{"tag": "a", "tag": "b"}', "tag stands twice in one JSON object"),
        (BOMB, "aliases (*a) are not allowed, line 2"),
        ("<<: {tag: a}", "unknown field '<<'"),
        ("tag: !!python/object:os.system x", "tags (!!python/object:os.system) are not allowed"),
        ("tag: !!timestamp 2024-01-01", "tags (!!timestamp) are not allowed, line 1"),
        ("tag: a\nslippage_bps: !!int 010", "tags (!!int) are not allowed, line 2"),
        ("!!map {tag: a}", "tags (!!map) are not allowed, line 1"),
        ("grids: !!seq [1]", "tags (!!seq) are not allowed, line 1"),
        ("!!str tag: a", "tags (!!str) are not allowed, line 1"),
        ("tag: !mine a", "tags (!mine) are not allowed, line 1"),
        ("tag: ! a", "tags (!) are not allowed, line 1"),
        ("%TAG !m! tag:x,2000:\n---\ntag: !m!y a", "tags (tag:x,2000:y) are not allowed, line 3"),
        ("5: 1", "a field's name must be text, not 5, line 1"),
        ("? [1]\n: 2", "a field's name must be text, not [1], line 1"),
        ("tag: [", "not YAML or JSON: expected the node content, but found '<stream end>' (line 1"),
        ('{"tag": ', "not YAML or JSON"),
        ("tag: a\n---\ntag: b", "not YAML or JSON: but found another document (line 2, column 1)"),
        ('tag: "\x01"', "not YAML or JSON: unacceptable character #x0001"),
        ("[" * 30_000, "nested too deeply"),
        ('{"a":' * 12_000, "nested too deeply"),
        ("max_jobs: " + "1" * 5_000, "a number of too many digits"),
        ('{"max_jobs": ' + "1" * 5_000 + "}", "a number of too many digits"),
        ("# " + "x" * 65_536, "at most 65,536 bytes"),
        ("", "the sweep must be a JSON object with the fields of a SweepSpec, not None"),
        ("[1]", "the sweep must be a JSON object with the fields of a SweepSpec, not [1]"),
    ],
)
def test_a_wrong_text_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    assert sentence in refusal_of_text(text)


def test_a_file_that_is_none_is_refused_by_its_path(tmp_path: Path) -> None:
    large, binary = tmp_path / "large.yaml", tmp_path / "binary.yaml"
    large.write_text("# " + "é" * 40_000, encoding="utf-8")
    binary.write_bytes(b"tag: \xff")
    for path, sentence in [
        (tmp_path / "none.yaml", "cannot read the sweep spec: No such file or directory"),
        (tmp_path, "cannot read the sweep spec: Is a directory"),
        (large, "a sweep spec is at most 65,536 bytes"),
        (binary, "the sweep spec is not UTF-8 text"),
    ]:
        with pytest.raises(ConfigError) as caught:
            SweepSpec.from_file(path)
        assert str(caught.value).startswith(f"{path}: {sentence}")


# The identity


def shuffled(value: Any, rng: random.Random) -> Any:
    """The same JSON with its keys in another order and its numbers spelled as floats."""
    if isinstance(value, dict):
        keys = rng.sample(list(value), len(value))
        return {key: shuffled(value[key], rng) for key in keys}
    if isinstance(value, list):
        return [shuffled(part, rng) for part in value]
    return float(value) if isinstance(value, int) else value


def test_spelling_does_not_change_the_identity() -> None:
    sweep = SweepSpec.from_text(EXAMPLE)
    other = shuffled(json.loads(sweep.to_json()), random.Random(1))
    assert SweepSpec.model_validate(other).identity() == sweep.identity()
    assert SweepSpec.from_text(json.dumps(other)).identity() == sweep.identity()
    assert SweepSpec.from_text(sweep.to_json()).identity() == sweep.identity()


def test_defaults_written_out_do_not_change_the_identity() -> None:
    written = SweepSpec(**FIXED, initial_balance_usd=10_000, max_open_trades=1, tag=None)
    assert written.identity() == SweepSpec(**FIXED).identity()


@pytest.mark.parametrize(
    "fields",
    [{"rank_by": "win_rate"}, {"filters": {"min_trades": 3}}, {"max_jobs": 7}],
)
def test_what_does_not_define_the_jobs_is_not_in_the_identity(fields: dict[str, Any]) -> None:
    assert SweepSpec(**FIXED, **fields).identity() == SweepSpec(**FIXED).identity()


def test_what_defines_the_jobs_is_in_the_identity() -> None:
    variants = [
        spec(SPREADS, SLIPPAGES),
        spec(SLIPPAGES, SPREADS),
        spec({**SPREADS, "num": 160}, SLIPPAGES),
        spec(SPREADS, {**SLIPPAGES, "values": [0, 2.5]}),
        spec(SPREADS, SLIPPAGES, sample={"n": 5}),
        spec(SPREADS, SLIPPAGES, sample={"n": 5, "seed": 1}),
        spec(SPREADS, SLIPPAGES, sample={"n": 6}),
        spec(SPREADS, SLIPPAGES, tag_prefix="a"),
        spec(SPREADS, SLIPPAGES, tag="a"),
        spec(SPREADS, SLIPPAGES, extra={"a": 1}),
        spec(SPREADS, SLIPPAGES, data_file="other.csv"),
        spec(SPREADS, SLIPPAGES, taker_fee_a_bps=6),
        spec(SPREADS, SLIPPAGES, max_open_trades=2),
    ]
    assert len({SweepSpec(**given).identity() for given in variants}) == len(variants)


def test_the_sweep_id_is_of_jobs_data_and_engine() -> None:
    ids = {
        sweep_id(*parts)
        for parts in [("a", "b", "1"), ("c", "b", "1"), ("a", "d", "1"), ("a", "b", "2")]
    }
    assert len(ids) == 4
    assert all(len(each) == 16 for each in ids)
