"""Markets in which it is known whether there is an edge, as data files and sweeps over them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arbitrage.documents.spec.sweep_spec import SweepSpec

ROWS = 6_000  # a second apart, so 100 periods of a minute
HALF_SPREAD_BPS = 0.25
STEP_BPS = 2.0


class Market(NamedTuple):
    """How far the basis comes back in a row, and what an execution costs."""

    pull: float
    cost_bps: float
    widest_bps: float  # of the thresholds


RANDOM_WALK = Market(pull=0.0, cost_bps=1.0, widest_bps=40.0)
MEAN_REVERTING = Market(pull=0.02, cost_bps=2.0, widest_bps=20.0)


def basis(market: Market, seed: int, rows: int = ROWS) -> NDArray[np.float64]:
    """How far venue B is above venue A, in bps, row by row."""
    steps = np.random.default_rng(seed).normal(0.0, STEP_BPS, rows)
    found = np.zeros(rows)
    for row in range(1, rows):
        found[row] = (1 - market.pull) * found[row - 1] + steps[row]
    return found


def write_market(path: Path, market: Market, seed: int, rows: int = ROWS) -> None:
    """A data file of such a market."""
    mid_a = 100 * np.exp(np.cumsum(np.random.default_rng([seed, 1]).normal(0.0, 1e-4, rows)))
    mid_b = mid_a * (1 + basis(market, seed, rows) / 10_000)
    half = HALF_SPREAD_BPS / 10_000
    prices = {
        f"best_{side}_{venue}": mid * (1 + sign * half)
        for venue, mid in (("a", mid_a), ("b", mid_b))
        for side, sign in (("bid", -1), ("ask", 1))
    }
    pl.DataFrame({"timestamp": 1_704_067_200 + np.arange(rows), **prices}).write_parquet(path)


def sweep_of(path: Path, market: Market) -> SweepSpec:
    """123 configs over threshold and exit."""
    return SweepSpec.from_data(
        {
            "data_file": str(path),
            "taker_fee_a_bps": market.cost_bps,
            "taker_fee_b_bps": 0,
            "slippage_bps": 0,
            "max_position_usd": 1000,
            "grids": [
                {"name": "min_spread_bps", "start": 0, "stop": market.widest_bps, "num": 41},
                {"name": "exit_spread_bps", "values": [-1, 0, 1]},
            ],
        }
    )
