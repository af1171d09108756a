"""One run of `arbtune walk-forward`: from the spec to the kept document."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.errors import ConfigError
from arbitrage.replay.files.data_cache import file_digest
from arbitrage.replay.many_configs import OpenedFile, open_data
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.missing_rows import MissingRows
from arbitrage.results.verdict.words.texts import counted
from arbitrage.results.walk_forward.choosing import Choice, choice_of
from arbitrage.results.walk_forward.walking import walk
from arbitrage.results.walk_forward.windows import Division, Window
from arbitrage.shell.console import EXIT_INTERRUPTED, EXIT_OK, say, warn
from arbitrage.shell.progress import live_line
from worker.client.own_server import with_own_server
from worker.client.sweeps.data_place import placed
from worker.client.sweeps.in_queue import cancel_with_prefix
from worker.client.walk_forward.page import print_page
from worker.client.walk_forward.training import (
    Train,
    TrainingHere,
    TrainingInQueue,
    folder_of,
    prefix_of,
)
from worker.client.worker_watch import has_workers, look_for_workers
from worker.ledger.connection import open_patient_ledger, redis_errors_in_a_sentence
from worker.running.jobs.data_root import resolve_in_root
from worker.settings import Settings


def run_walk_forward(arguments: argparse.Namespace, spec: SweepSpec, settings: Settings) -> int:
    """Train, test, keep and print; or end what was left in the queue. The exit status."""
    division = Division.of(arguments.folds, arguments.train, arguments.test)
    if arguments.cancel:
        return _cancel(arguments, spec, settings)
    in_queue = arguments.local or has_workers(settings)
    is_local = arguments.local or not in_queue
    spec, settings = placed(spec, Path(arguments.spec), settings, is_local=is_local)
    path = resolve_in_root(spec.data_file, settings.data_root)
    data = open_data(path, settings.data_limits, name=spec.data_file)
    windows = [fold.train for fold in division.folds_of(data)]
    with ExitStack() as stack:
        stack.enter_context(redis_errors_in_a_sentence(settings))
        train: Train = TrainingHere(data)
        if not all(_is_trained(spec, data, window, settings) for window in windows):
            if in_queue:
                train = _in_queue(arguments, data, settings, stack)
            else:
                _print_beside(f"no worker at {settings.redis_place}: training in this process")
        try:
            found = walk(spec, data, division, _Trainer(spec, data, settings, train, windows))
        except KeyboardInterrupt:
            is_left = in_queue and not arguments.local
            fate = "what was sent goes on, and --cancel ends it; " if is_left else ""
            say(f"interrupted: {fate}the same command goes on with what is trained")
            return EXIT_INTERRUPTED
    found.write(settings.results_dir)
    if arguments.json:
        print(json.dumps(found.as_json(), ensure_ascii=False, allow_nan=False))
    else:
        print_page(found, settings.results_dir)
    return EXIT_OK


def _cancel(arguments: argparse.Namespace, spec: SweepSpec, settings: Settings) -> int:
    """End all training of the sweep that waits or runs, of whatever windows."""
    if arguments.local:
        raise ConfigError("--local is for running: its server knows nothing of an earlier run")
    spec, settings = placed(spec, Path(arguments.spec), settings, is_local=False)
    digest = file_digest(resolve_in_root(spec.data_file, settings.data_root))
    with redis_errors_in_a_sentence(settings):
        count = cancel_with_prefix(prefix_of(spec, digest), open_patient_ledger(settings))
    if arguments.json:
        print(json.dumps({"cancelled": count}))
    else:
        print(f"{counted(count, 'chunk')} cancelled; what is trained stays")
    return EXIT_OK


def _is_trained(spec: SweepSpec, data: OpenedFile, window: Window, settings: Settings) -> bool:
    return folder_of(spec, data, window, settings.results_dir).is_complete(spec.total)


def _in_queue(
    arguments: argparse.Namespace, data: OpenedFile, settings: Settings, stack: ExitStack
) -> TrainingInQueue:
    if arguments.local:
        settings = with_own_server(settings, stack)
    meanwhile = look_for_workers(settings, local=arguments.local)
    return TrainingInQueue(data, open_patient_ledger(settings), meanwhile, _print_beside)


def _print_beside(sentence: str) -> None:
    print(sentence, file=sys.stderr)


class _Trainer:
    """The `Choose` of a walk: trains on a window unless its rows are there, and chooses."""

    def __init__(
        self,
        spec: SweepSpec,
        data: OpenedFile,
        settings: Settings,
        train: Train,
        windows: list[Window],
    ) -> None:
        self._spec = spec
        self._data = data
        self._results_dir = settings.results_dir
        self._train = train
        self._windows = windows

    def __call__(self, window: Window) -> Choice:
        spec, fold = self._spec, f"fold {self._windows.index(window) + 1} of {len(self._windows)}"
        folder = folder_of(spec, self._data, window, self._results_dir)
        with folder.exclusively(), live_line() as show:
            if not folder.is_complete(spec.total):
                tell = _telling(show, fold, spec.total)
                self._train(MissingRows(spec, folder, None), window, tell)
        self._warn_of_failures(folder, fold)
        with folder.damage_in_a_sentence(spec.total):
            return choice_of(folder.rows(spec.total), spec)

    def _warn_of_failures(self, folder: SweepFolder, fold: str) -> None:
        failed = folder.count_rows(self._spec.total).failed
        if failed:
            error = folder.first_error(self._spec.total)
            warn(f"{fold}: {failed:,} configs failed and are not chosen from; the first: {error}")


def _telling(show: Callable[[str], None], fold: str, total: int) -> Callable[[int], None]:
    return lambda done: show(f"{fold}: {done:,} of {total:,} configs")
