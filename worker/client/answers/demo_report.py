"""The report of the demo: its configs as a sweep in this process, from which the report is made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.sweep import run_sweep
from worker.client.answers.report import write_report
from worker.settings import Settings


def demo_report(spec: Mapping[str, Any], settings: Settings) -> Path:
    """Run a small sweep here, keep its rows, and write its report beside them.

    Raises:
        ConfigError: The results cannot be kept.
    """
    sweep = SweepSpec.model_validate(spec)
    run_sweep(sweep, settings.data_limits, results_dir=settings.results_dir)
    path = settings.results_dir / "demo.html"
    write_report("latest", path, settings)
    return path
