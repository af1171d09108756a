"""Chosen configs as the trials of a study, in the journal that Optuna Dashboard opens.

A journal is JSON lines, an operation each, as Optuna 3.1 and later read them: op 0 creates a study,
op 2 sets an attribute of the user's and op 3 one of Optuna's own, op 4 creates a trial, here a
finished one. Parameters are in Optuna's internal form: a number, or the index of a choice where a
grid has a null among its values.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.json_text import compact_json
from arbitrage.documents.spec.grids import INTEGER_FIELDS, Grid
from arbitrage.results.export.trials import CHOSEN_AS, FRONT, SAMPLE, SEED, TOP, Trials
from arbitrage.results.querying.front import DRAWDOWN, PROFIT
from arbitrage.results.store.known_sweeps import KnownSweep

_CREATE_STUDY, _SET_USER_ATTRIBUTE, _SET_SYSTEM_ATTRIBUTE, _CREATE_TRIAL = 0, 2, 3, 4
_MINIMIZE, _MAXIMIZE = 1, 2
_COMPLETE = 1
_METRIC_NAMES = "study:metric_names"
_WORKER = "arbtune"  # who wrote an operation

_OBJECTIVES = {PROFIT: _MAXIMIZE, DRAWDOWN: _MINIMIZE}

Operation = dict[str, Any]


def write_journal(known: KnownSweep, batches: Iterator[pl.DataFrame], path: Path) -> int:
    """Write the study of a sweep. Returns the number of its trials."""
    trials = Trials(known.spec)
    for batch in batches:
        trials.add(batch)
    chosen = trials.chosen()
    with path.open("w", encoding="utf-8") as file:
        for operation in (*_study(known, chosen, trials.seen), *_trials(known, chosen)):
            file.write(compact_json(operation) + "\n")
    return chosen.height


def _study(known: KnownSweep, chosen: pl.DataFrame, seen: int) -> Iterator[Operation]:
    """The study, and what it is of."""
    description = known.description
    name = f"{known.spec.data_file} {known.sweep_id}"
    yield _operation(_CREATE_STUDY, study_name=name, directions=[*_OBJECTIVES.values()])
    metric_names = {_METRIC_NAMES: [*_OBJECTIVES]}
    yield _operation(_SET_SYSTEM_ATTRIBUTE, study_id=0, system_attr=metric_names)
    counts = dict(chosen[CHOSEN_AS].value_counts().iter_rows())
    selection = {kind: counts.get(kind, 0) for kind in (FRONT, TOP, SAMPLE)}
    attributes = {
        "sweep_id": known.sweep_id,
        "spec": description.spec,
        "data_sha256": description.data_sha256,
        "engine_version": description.engine_version,
        "selection": {**selection, "seed": SEED, "of": seen},
    }
    for key, value in attributes.items():
        yield _operation(_SET_USER_ATTRIBUTE, study_id=0, user_attr={key: value})


def _trials(known: KnownSweep, chosen: pl.DataFrame) -> Iterator[Operation]:
    """A finished trial for each config, in the order of their numbers."""
    distributions = {grid.name: json.dumps(_distribution(grid)) for grid in known.spec.grids}
    moment = _moment(known)
    with known.folder.damage_in_a_sentence(known.spec.total):
        rows = known.folder.rows(known.spec.total).join(chosen.lazy(), on="config_number")
        there = rows.collect(engine="streaming").sort("config_number")
    for row in there.iter_rows(named=True):
        yield _operation(
            _CREATE_TRIAL,
            study_id=0,
            state=_COMPLETE,
            value=None,
            values=[row[name] for name in _OBJECTIVES],
            datetime_start=moment,
            datetime_complete=moment,
            distributions=distributions,
            params={grid.name: _internal(grid, row[grid.name]) for grid in known.spec.grids},
            user_attrs={name: row[name] for name in ("config_number", CHOSEN_AS, *_others())},
            system_attrs={},
            intermediate_values={},
        )


def _others() -> list[str]:
    """The figures that are not objectives."""
    return [name for name in FIGURE_NAMES if name not in _OBJECTIVES]


def _operation(code: int, **fields: Any) -> Operation:
    return {"op_code": code, "worker_id": _WORKER, **fields}


def _distribution(grid: Grid) -> dict[str, Any]:
    """What a parameter varies over, as Optuna has it."""
    if _has_null(grid):
        return {"name": "CategoricalDistribution", "attributes": {"choices": grid.values}}
    kind, step = ("Int", 1) if grid.name in INTEGER_FIELDS else ("Float", None)
    ends = grid.axis.least, grid.axis.greatest
    low, high = map(int, ends) if grid.name in INTEGER_FIELDS else ends
    attributes = {"log": False, "step": step, "low": low, "high": high}
    return {"name": f"{kind}Distribution", "attributes": attributes}


def _internal(grid: Grid, value: float | None) -> float:
    if grid.values is not None and _has_null(grid):
        return grid.values.index(value)
    return 0.0 if value is None else float(value)


def _has_null(grid: Grid) -> bool:
    return grid.values is not None and None in grid.values


def _moment(known: KnownSweep) -> str:
    """When the last rows were written: the time of all trials, so that a file is the same again."""
    parts = known.folder.parts(known.spec.total)
    last = max((part.path.stat().st_mtime for part in parts), default=0.0)
    return datetime.fromtimestamp(last, UTC).isoformat(timespec="microseconds")
