"""A sweep with rows, and its report, as tests of the report need them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.sweep import run_sweep
from tests.conftest import quotes_csv
from tests.helpers.inputs.sweeps import FIXED
from worker.client.answers.report import write_report
from worker.settings import Settings

GRIDS: tuple[dict[str, Any], ...] = (
    {"name": "min_spread_bps", "start": 0, "stop": 40, "step": 5},
    {"name": "max_open_trades", "values": [1, 2, 3]},
    {"name": "max_holding_seconds", "values": [None, 2]},
)

FOREIGN = "<b>&\"quotes'</b>.csv"
"""The name of a data file by somebody who means no good."""


def swept(
    folder: Path, *grids: dict[str, Any], name: str = FOREIGN, trades: int = 30, **fields: Any
) -> Settings:
    """The settings under which a sweep of a small market, with so many trades, was run."""
    folder.mkdir(parents=True, exist_ok=True)
    name = name.replace("/", "_")
    (folder / name).write_text(quotes_csv(trades))
    varying = {grid["name"] for grid in grids}
    fixed = {key: value for key, value in FIXED.items() if key not in varying}
    spec = {**fixed, "data_file": str(folder / name), "grids": list(grids), **fields}
    run_sweep(SweepSpec.model_validate(spec), results_dir=folder / "results")
    return Settings(results_dir=folder / "results", data_root=folder)


def reported(settings: Settings) -> Path:
    """The report of the latest sweep, in a file beside the results."""
    path = settings.results_dir.parent / "report.html"
    write_report("latest", path, settings)
    return path
