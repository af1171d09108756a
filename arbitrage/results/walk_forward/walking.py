"""Goes through the folds of a file: chooses on the training rows, judges on the test rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.data.rules.stamp_texts import text_of
from arbitrage.documents.config import NUMERIC_FIELDS
from arbitrage.documents.spec.short_values import short_value
from arbitrage.documents.spec.sweep_spec import SweepSpec, sweep_id
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.many_configs import replay_one
from arbitrage.results.walk_forward.choosing import Choice
from arbitrage.results.walk_forward.outcome import FoldOutcome, Side, WalkForward
from arbitrage.results.walk_forward.stitching import stitched
from arbitrage.results.walk_forward.windows import Division, Fold, Window

Choose = Callable[[Window], Choice]
"""Has all configs run over the rows of a training window, and chooses one."""

_FIGURES = ("net_pnl_usd", "total_trades", "open_trades", "max_drawdown_pct", "stopped_row")
_NS = 10**9


def walk(spec: SweepSpec, data: OpenedFile, division: Division, choose: Choose) -> WalkForward:
    """All folds of a file.

    Args:
        spec: The sweep whose configs are chosen from.
        data: Its file.
        division: Which windows.
        choose: Called with each training window in turn.

    Raises:
        ConfigError: The file is too short for these windows.
    """
    folds = [_outcome(spec, data, fold, choose(fold.train)) for fold in division.folds_of(data)]
    return WalkForward(
        sweep_id=sweep_id(spec.identity(), data.data_sha256, ENGINE_VERSION),
        data_file=spec.data_file,
        data_sha256=data.data_sha256,
        engine_version=ENGINE_VERSION,
        configs=spec.total,
        rank_by=spec.rank_by,
        train_seconds=division.train_ns / _NS,
        test_seconds=division.test_ns / _NS,
        folds=folds,
        equity=[*stitched(spec, data, folds)],
    )


def _outcome(spec: SweepSpec, data: OpenedFile, fold: Fold, choice: Choice) -> FoldOutcome:
    if choice.row is None:
        sides = _side(fold.train, {}), _side(fold.test, {})
        return FoldOutcome(None, {}, choice.stands_aside, *sides)
    number = choice.row["config_number"]
    numbers = spec.config(number).model_dump(include=set(NUMERIC_FIELDS))
    tested = replay_one(data.between(fold.test.first_row, fold.test.stop_row), numbers)
    parameters = {grid.name: short_value(grid, numbers[grid.name]) for grid in spec.grids}
    sides = _side(fold.train, choice.row), _side(fold.test, tested)
    return FoldOutcome(number, parameters, None, *sides)


def _side(window: Window, figures: dict[str, Any]) -> Side:
    return Side(
        begin=text_of("ns", window.begin_ns),
        end=text_of("ns", window.end_ns),
        hours=window.hours,
        first_row=window.first_row,
        stop_row=window.stop_row,
        **{name: figures[name] for name in _FIGURES if name in figures},
    )
