"""The rows of a sweep's result: one schema, whatever became of the configs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl

from arbitrage.arbitrage_tuning import TuningConfig, TuningMetrics
from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.store.rows import FIGURE_TYPES, SCHEMA, sweep_rows
from tests.helpers.inputs.sweeps import spec

GRIDS = (
    {"name": "min_spread_bps", "values": [10, 20.5, 30]},
    {"name": "stop_on_drawdown_pct", "values": [None, 5]},
)
SWEEP = SweepSpec(**spec(*GRIDS, tag_prefix="t{}", extra={"a": [1, "ü"]}))


def figures(count: int, **changes: Any) -> dict[str, Any]:
    """Figures of so many configs, as `replay` has them."""
    found: dict[str, Any] = {
        name: np.arange(count) if dtype == pl.Int64 else np.arange(count) / 4
        for name, dtype in FIGURE_TYPES.items()
    }
    found["stopped_row"] = np.full(count, -1)
    found["stopped_timestamp"] = [None] * count
    return {**found, **changes}


def test_the_schema_is_the_number_the_config_the_figures_and_the_outcome() -> None:
    assert list(SCHEMA) == [
        "config_number",
        *TuningConfig.model_fields,
        *(n for n in TuningMetrics.model_fields if n not in {"runtime_seconds", "config_summary"}),
        "status",
        "error",
    ]
    assert SCHEMA["max_open_trades"] == SCHEMA["stopped_row"] == pl.Int64
    assert SCHEMA["min_spread_bps"] == SCHEMA["net_pnl_usd"] == pl.Float64
    assert SCHEMA["extra"] == SCHEMA["stopped_timestamp"] == pl.String


def test_a_row_holds_its_config() -> None:
    rows = sweep_rows(SWEEP, 1, 5, figures(4), {})
    assert rows.schema == SCHEMA
    for row in rows.iter_rows(named=True):
        config = SWEEP.config(row["config_number"]).model_dump(exclude={"extra"})
        assert {name: row[name] for name in config} == config
        assert row["extra"] == '{"a":[1,"ü"]}'
    assert rows["tag"].to_list() == ["t{}-1", "t{}-2", "t{}-3", "t{}-4"]
    assert rows["stop_on_drawdown_pct"].to_list() == [5.0, None, 5.0, None]


def test_a_sweep_of_constants_has_them_in_every_row() -> None:
    rows = sweep_rows(SweepSpec(**spec(tag="one")), 0, 1, figures(1), {})
    assert rows.schema == SCHEMA
    assert rows.select("tag", "extra", "stop_on_drawdown_pct").row(0) == ("one", None, None)


def test_figures_come_as_arrays_or_as_lists() -> None:
    arrays = figures(3)
    lists = {name: list(values) for name, values in arrays.items()}
    whole_numbers = {**lists, "net_pnl_usd": [0, 0.25, 0.5]}
    assert sweep_rows(SWEEP, 0, 3, arrays, {}).equals(sweep_rows(SWEEP, 0, 3, whole_numbers, {}))


def test_a_run_that_did_not_stop_has_no_row_of_its_stop() -> None:
    given = figures(3, stopped_row=np.array([-1, 0, 7]), stopped_timestamp=[None, "a", "b"])
    rows = sweep_rows(SWEEP, 0, 3, given, {})
    assert rows["stopped_row"].to_list() == [None, 0, 7]
    assert rows["stopped_timestamp"].to_list() == [None, "a", "b"]


def test_a_failed_config_has_its_error_and_no_figures() -> None:
    rows = sweep_rows(SWEEP, 2, 5, figures(3, net_pnl_usd=np.array([1.0, math.nan, 2.0])), {3: "x"})
    assert rows["status"].to_list() == ["success", "error", "success"]
    assert rows["error"].to_list() == [None, "x", None]
    assert rows["net_pnl_usd"].to_list() == [1.0, None, 2.0]
    assert rows.row(1, named=True)["min_spread_bps"] == 20.5
    assert all(rows.row(1, named=True)[name] is None for name in FIGURE_NAMES)


def test_a_range_may_fail_whole() -> None:
    rows = sweep_rows(SWEEP, 0, 3, {}, dict.fromkeys(range(3), "killed"))
    assert rows.schema == SCHEMA
    assert rows["error"].to_list() == ["killed"] * 3
    assert rows.select(*FIGURE_NAMES).null_count().row(0) == (3,) * len(FIGURE_NAMES)


def test_an_empty_range_has_no_rows() -> None:
    rows = sweep_rows(SWEEP, 2, 2, figures(0), {})
    assert (rows.schema, rows.height) == (SCHEMA, 0)
