"""Rows computed in this process, some thousand configs at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from arbitrage.documents.spec.axes import Indices
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.replay.many_configs import OpenedFile, replay
from arbitrage.results.store.missing_rows import MissingRows
from arbitrage.results.store.rows import NO_ROWS, sweep_rows, with_timestamps

# Configs replayed at a time: their parameters and figures stay in a core's cache.
_CONFIGS_AT_ONCE = 4_096


def all_rows(spec: SweepSpec, data: OpenedFile) -> pl.DataFrame:
    """The rows of all configs of a sweep, in the order of their numbers."""
    parts = [
        replay_range(spec, data, start, min(start + _CONFIGS_AT_ONCE, spec.total))
        for start in range(0, spec.total, _CONFIGS_AT_ONCE)
    ]
    return pl.concat([NO_ROWS, *parts])


def replay_range(spec: SweepSpec, data: OpenedFile, start: int, stop: int) -> pl.DataFrame:
    """The result rows of the configs `start` to `stop` - 1, computed here."""
    return sweep_rows(spec, start, stop, _figures(spec, data, np.arange(start, stop)), {})


def keep_missing(
    missing: MissingRows, data: OpenedFile, tell: Callable[[int], None] = lambda _: None
) -> None:
    """Compute and keep what a sweep's folder lacks.

    Args:
        missing: What it lacks.
        data: The rows to run over.
        tell: Called with the number of configs that are kept so far.

    Raises:
        ConfigError: A part cannot be written.
    """
    for piece in missing.pieces(_CONFIGS_AT_ONCE, _CONFIGS_AT_ONCE):
        missing.keep(piece, _figures(missing.spec, data, piece.new), {})
        tell(piece.stop)


def _figures(spec: SweepSpec, data: OpenedFile, numbers: Indices) -> dict[str, Any]:
    """The figures of these configs."""
    return with_timestamps(replay(data, spec.columns_of(numbers), len(numbers)), data.timestamp)
