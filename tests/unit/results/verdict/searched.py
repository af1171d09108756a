"""Specs of tests over one short market, judged with few replicates."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from arbitrage.replay.many_configs import open_data
from arbitrage.results.store.known_sweeps import sweep_named
from arbitrage.results.verdict.search import Search, search_of
from arbitrage.sweep import SweepSpec, judge

quick = partial(judge, n_bootstrap=50)


def spec_of(quotes: Path, *grids: dict[str, Any], **fields: Any) -> SweepSpec:
    varying = {grid["name"] for grid in grids}
    fixed = {
        "data_file": str(quotes),
        "min_spread_bps": 4,
        "taker_fee_a_bps": 1,
        "taker_fee_b_bps": 1,
        "slippage_bps": 0,
        "max_position_usd": 1000,
    }
    fixed = {name: value for name, value in fixed.items() if name not in varying}
    return SweepSpec.from_data({**fixed, **fields, "grids": [*grids]})


def thresholds(*values: float) -> dict[str, Any]:
    return {"name": "min_spread_bps", "values": [*values]}


def searched(spec: SweepSpec, results: Path) -> Search:
    data = open_data(spec.data_path)
    id_of_sweep = quick(spec, results_dir=results).sweep_id
    assert sweep_named(id_of_sweep, results).description.data_sha256 == data.data_sha256
    return search_of(sweep_named(id_of_sweep, results), [results])
