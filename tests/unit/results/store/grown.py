"""A results folder with a finished sweep, and sweeps that grow from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.spec.sweep_spec import SweepSpec, sweep_id
from arbitrage.replay.many_configs import open_data
from arbitrage.results.store.folder import SweepFolder
from arbitrage.sweep import run_sweep
from tests.helpers.inputs.sweeps import spec

SPREADS = {"name": "min_spread_bps", "start": 0, "stop": 9, "step": 1}
STOPS = {"name": "stop_on_drawdown_pct", "values": [None, 0.01]}
KEPT = SweepSpec(**spec(SPREADS, STOPS, max_position_usd=1e6))
KEPT_REVERSED = SweepSpec(**spec(STOPS, SPREADS, max_position_usd=1e6))


class Desk:
    """A results folder, and how many configs have been computed for it."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self.computed = 0

    def run(self, sweep: SweepSpec) -> pl.DataFrame:
        self.computed = 0
        return run_sweep(sweep, results_dir=self.results)

    def grown(self, *grids: dict[str, Any], **fields: Any) -> pl.DataFrame:
        """The rows of a sweep, which are those that it has without any other."""
        sweep = SweepSpec(**spec(*grids, **{"max_position_usd": 1e6, **fields}))
        rows = self.run(sweep)
        computed, self.computed = self.computed, 0
        assert rows.equals(run_sweep(sweep), null_equal=True)
        assert self.computed == sweep.total
        self.computed = computed
        return rows

    def folder(self, sweep: SweepSpec) -> SweepFolder:
        digest = open_data(sweep.data_path).data_sha256
        return SweepFolder(self.results, sweep_id(sweep.identity(), digest, ENGINE_VERSION))
