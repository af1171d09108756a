"""Rows of a sweep whose figures are given, and what is read of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.rows import sweep_rows
from tests.helpers.inputs.sweeps import spec
from worker.client.sweeps.report import print_report
from worker.client.sweeps.summary import summary_of

GRID = {"name": "min_spread_bps", "start": 0, "stop": 99, "num": 100}


def rows_of(figures: list[float], **columns: Any) -> pl.DataFrame:
    """Rows whose figures are all the number given for their config, but for these columns."""
    values: dict[str, Any] = dict.fromkeys(FIGURE_NAMES, np.array(figures))
    values |= {"stopped_timestamp": [None] * len(figures), **columns}
    return sweep_rows(SweepSpec(**spec(GRID)), 0, len(figures), values, {})


def report(
    folder: Path,
    rows: pl.DataFrame,
    capsys: pytest.CaptureFixture[str],
    grid: dict[str, Any] = GRID,
    data: dict[str, Any] | None = None,
    **fields: Any,
) -> str:
    sweep = SweepSpec(**{"max_jobs": rows.height, **spec(grid, **fields)})
    place = SweepFolder(folder, "id")
    with place.exclusively():
        place.describe(sweep, "hash", "1", 100, data)
        place.write_part(rows)
    print_report(sweep, place, summary_of(sweep, place), "")
    return capsys.readouterr().out
