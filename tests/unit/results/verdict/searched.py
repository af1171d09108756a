"""Specs of tests over one short market, judged with few replicates."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.spec.sweep_spec import sweep_id
from arbitrage.replay.many_configs import open_data
from arbitrage.results.store.known_sweeps import KnownSweep, sweep_named
from arbitrage.results.verdict.search import Search, search_of
from arbitrage.sweep import SweepSpec, judge, run_sweep

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


def run(spec: SweepSpec, results: Path) -> KnownSweep:
    """Run a sweep, as whoever judges one does first."""
    run_sweep(spec, results_dir=results)
    data = open_data(spec.data_path)
    return sweep_named(sweep_id(spec.identity(), data.data_sha256, ENGINE_VERSION), results)


def searched(spec: SweepSpec, results: Path) -> Search:
    return search_of(run(spec, results), [results])
