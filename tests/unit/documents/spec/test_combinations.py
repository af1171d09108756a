"""The configs of a sweep: how many there are, and in which order they come."""

from __future__ import annotations

import numpy as np
import pytest

from arbitrage.arbitrage_tuning import TuningConfig
from arbitrage.documents.config import NUMERIC_FIELDS
from arbitrage.documents.spec.sweep_spec import SweepSpec
from tests.helpers.inputs import sweeps
from tests.helpers.inputs.sweeps import FIXED, spec
from tests.unit.documents.spec.asked import SLIPPAGES, SPREADS


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
