"""A sweep in this process, for notebooks and programs: `run_sweep(SweepSpec(...))`."""

from __future__ import annotations

import polars as pl

from arbitrage.data.forks import check_fork
from arbitrage.data.snapshot_table import DataLimits
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.replay.many_configs import OpenedFile, open_data, replay
from arbitrage.results.rows import SCHEMA, sweep_rows, with_timestamps

__all__ = ["SweepSpec", "replay_range", "run_sweep"]

# Configs replayed at a time: their parameters and figures stay in a core's cache.
_CONFIGS_AT_ONCE = 4_096


def run_sweep(spec: SweepSpec, limits: DataLimits | None = None) -> pl.DataFrame:
    """Run all configs of a sweep, one after another; a row each, in the order of their numbers.

    Args:
        spec: What to run; a relative `data_file` is taken from the current directory, or else from
            the folder of the spec's own file.
        limits: Bounds on the data file.

    Raises:
        FileNotFoundError: No such file.
        DataError: (a `ValueError`) The file cannot be used; the message says why and where.
        ConfigError: This process was forked from one that had run a sweep.
        OSError: The file system failed in a way that may pass.
    """
    check_fork()
    data = open_data(spec.data_path, limits, name=spec.data_file)
    parts = [
        replay_range(spec, data, start, min(start + _CONFIGS_AT_ONCE, spec.total))
        for start in range(0, spec.total, _CONFIGS_AT_ONCE)
    ]
    return pl.concat([SCHEMA.to_frame(), *parts])


def replay_range(spec: SweepSpec, data: OpenedFile, start: int, stop: int) -> pl.DataFrame:
    """The result rows of the configs `start` to `stop` - 1, computed here."""
    figures = replay(data, spec.columns(start, stop), stop - start)
    return sweep_rows(spec, start, stop, with_timestamps(figures, data.timestamp), {})
