"""A sweep in this process, for notebooks and programs: `run_sweep(SweepSpec(...))`.

`explain(spec.config(n))` tells what one of its configs did, `walk_forward(spec, ...)` what its best
ones earn on rows that they were not chosen on.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import polars as pl

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.data.forks import check_fork
from arbitrage.data.snapshot_table import DataLimits
from arbitrage.documents.config import TuningConfig
from arbitrage.documents.spec.sweep_spec import SweepSpec, sweep_id
from arbitrage.replay.many_configs import OpenedFile, open_data
from arbitrage.results.explain.explanation import Explanation, explain_config
from arbitrage.results.selection.replicates import DEFAULT_REPLICATES
from arbitrage.results.store.computing import all_rows, keep_missing, replay_range
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.known_sweeps import sweep_named
from arbitrage.results.store.missing_rows import MissingRows
from arbitrage.results.store.other_sweeps import OtherSweeps
from arbitrage.results.verdict.judging import Asked, judge_search
from arbitrage.results.verdict.search import Search, TriedSweep, search_of
from arbitrage.results.verdict.verdict import Verdict
from arbitrage.results.walk_forward.choosing import Choice, choice_of
from arbitrage.results.walk_forward.outcome import WalkForward
from arbitrage.results.walk_forward.walking import walk
from arbitrage.results.walk_forward.windows import Division, Window

__all__ = [
    "Explanation",
    "SweepSpec",
    "Verdict",
    "WalkForward",
    "explain",
    "judge",
    "replay_range",
    "run_sweep",
    "walk_forward",
]


def run_sweep(
    spec: SweepSpec,
    limits: DataLimits | None = None,
    *,
    results_dir: str | Path | None = None,
) -> pl.DataFrame:
    """Run all configs of a sweep, one after another; a row each, in the order of their numbers.

    Args:
        spec: What to run; a relative `data_file` is taken from the current directory, or else from
            the folder of the spec's own file.
        limits: Bounds on the data file.
        results_dir: Where to keep the rows, as `arbtune sweep` does: what is there already, of this
            sweep or of another one with the same configs, is not computed again. Without it nothing
            is read or written but the data file.

    Raises:
        FileNotFoundError: No such file.
        DataError: (a `ValueError`) The file cannot be used; the message says why and where.
        ConfigError: This process was forked from one that had run a sweep; or the results cannot be
            kept, for example because another process is collecting the same sweep.
        OSError: The file system failed in a way that may pass.
    """
    check_fork()
    data = open_data(spec.data_path, limits, name=spec.data_file)
    if results_dir is not None:
        return _kept_rows(spec, data, Path(results_dir))
    return all_rows(spec, data)


def walk_forward(
    spec: SweepSpec, *, folds: int, train: str, test: str, limits: DataLimits | None = None
) -> WalkForward:
    """Choose the best config on each training window, and judge it on the rows that follow.

    Args:
        spec: As `run_sweep` takes it.
        folds: How many times.
        train: How long a training window is, such as `2h`.
        test: The same of a test window; the last one ends with the file.
        limits: Bounds on the data file.

    Raises:
        ConfigError: The file is too short for these windows; and as `run_sweep`.
        FileNotFoundError, DataError, OSError: As `run_sweep`.
    """
    check_fork()
    division = Division.of(folds, train, test)
    data = open_data(spec.data_path, limits, name=spec.data_file)

    def choose(window: Window) -> Choice:
        rows = all_rows(spec, data.between(window.first_row, window.stop_row))
        return choice_of(rows.lazy(), spec)

    return walk(spec, data, division, choose)


def explain(config: TuningConfig, limits: DataLimits | None = None) -> Explanation:
    """Run one config and tell what it did: its trades, its equity, where the money went.

    Args:
        config: What to run; a relative `data_file` is taken from the current directory.
        limits: Bounds on the data file.

    Raises:
        FileNotFoundError: No such file.
        DataError: (a `ValueError`) The file cannot be used, or lacks what an option needs.
        ConfigError: This process was forked from one that had run a sweep.
        OSError: The file system failed in a way that may pass.
    """
    check_fork()
    return explain_config(config, open_data(config.data_file, limits, name=config.data_file))


def judge(
    spec: SweepSpec,
    *,
    n_bootstrap: int = DEFAULT_REPLICATES,
    seed: int = 0,
    mean_block: float | None = None,
    also_tried: int = 0,
    limits: DataLimits | None = None,
    results_dir: str | Path | None = None,
) -> Verdict:
    """Run a sweep and say whether its best config has an edge: docs/results.md.

    Args:
        spec: What to run, as `run_sweep` takes it.
        n_bootstrap: How many replicates are drawn.
        seed: The same seed draws the same ones.
        mean_block: The mean length of the bootstrap's blocks in periods; else it is chosen on the
            best config.
        also_tried: How many configs were tried on these data elsewhere.
        limits: Bounds on the data file.
        results_dir: Where rows are kept, as by `run_sweep`. What other sweeps have tried there on
            the same data counts too, and the verdict is kept. Without it the configs of the spec
            are all that was tried.

    Raises:
        ConfigError: A number that makes no sense, or no config succeeded; else as `run_sweep`.
        FileNotFoundError, DataError, OSError: As `run_sweep`.
    """
    asked = Asked(n_bootstrap, seed, mean_block, also_tried)
    rows = run_sweep(spec, limits, results_dir=results_dir)
    data = open_data(spec.data_path, limits, name=spec.data_file)
    if results_dir is None:
        return judge_search(Search([_tried_here(spec, data, rows)]), data, asked)
    known = sweep_named(_id_of(spec, data), Path(results_dir))
    found = judge_search(search_of(known, [Path(results_dir)]), data, asked)
    found.write(Path(results_dir))
    return found


def _kept_rows(spec: SweepSpec, data: OpenedFile, results_dir: Path) -> pl.DataFrame:
    """The rows of a sweep from its results folder, once what it lacks is there."""
    folder = SweepFolder(results_dir, _id_of(spec, data))
    with folder.exclusively():
        folder.describe(spec, data.data_sha256, ENGINE_VERSION, data=data.facts.of_rows())
        others = OtherSweeps(folder, data.data_sha256, ENGINE_VERSION, _warn)
        missing = MissingRows(spec, folder, others)
        keep_missing(missing, data)
    with folder.damage_in_a_sentence(spec.total):
        return folder.rows(spec.total).collect()


def _tried_here(spec: SweepSpec, data: OpenedFile, rows: pl.DataFrame) -> TriedSweep:
    return TriedSweep(_id_of(spec, data), spec, rows.lazy(), ((0, spec.total),))


def _id_of(spec: SweepSpec, data: OpenedFile) -> str:
    return sweep_id(spec.identity(), data.data_sha256, ENGINE_VERSION)


def _warn(sentence: str) -> None:
    warnings.warn(sentence, stacklevel=2)
