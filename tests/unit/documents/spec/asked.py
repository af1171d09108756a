"""Grids of tests, and the words in which a spec is refused."""

from __future__ import annotations

from typing import Any

import pytest

from arbitrage.documents.spec.sweep_spec import SweepSpec
from tests.helpers.inputs.sweeps import spec

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


def refusal(*grids: Any, **fields: Any) -> str:
    """The text of the ValueError that construction raises."""
    named = [grid for grid in grids if isinstance(grid, dict) and "name" in grid]
    with pytest.raises(ValueError) as caught:
        SweepSpec(**{**spec(*named), "grids": list(grids), **fields})
    return str(caught.value)
