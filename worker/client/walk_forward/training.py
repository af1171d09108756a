"""Runs all configs of a sweep over the rows of a training window, and keeps their rows.

They are kept as a sweep's are, in a folder for each window, so whoever comes again goes on where
it was left.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.spec.sweep_spec import SweepSpec, sweep_id
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.results.store.computing import keep_missing
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.missing_rows import MissingRows
from arbitrage.results.walk_forward.windows import Window
from worker.client.sweeps.collector import Collector, Progress
from worker.client.sweeps.plan import ask_workers
from worker.ledger.ledger import Ledger

FOLDER = "walk-forward"
"""Where the folders of the windows are, in the results folder."""

Tell = Callable[[int], None]
"""Called with the number of configs that are done."""

Train = Callable[[MissingRows, Window, Tell], None]
"""Computes what the folder of a training window lacks."""


def folder_of(spec: SweepSpec, data: OpenedFile, window: Window, results_dir: Path) -> SweepFolder:
    """Where the rows of a training window stay."""
    name = f"{prefix_of(spec, data.data_sha256)}{window.first_row}-{window.stop_row}"
    return SweepFolder(results_dir / FOLDER, name)


def prefix_of(spec: SweepSpec, data_sha256: str) -> str:
    """How the names of all training windows of a sweep begin, and the ids of their jobs."""
    return f"{sweep_id(spec.identity(), data_sha256, ENGINE_VERSION)}-"


class TrainingHere:
    """Trains in this process."""

    def __init__(self, data: OpenedFile) -> None:
        self._data = data

    def __call__(self, missing: MissingRows, window: Window, tell: Tell) -> None:
        keep_missing(missing, self._data.between(window.first_row, window.stop_row), tell)


class TrainingInQueue:
    """Trains on the workers of a queue, which are asked once what a config takes.

    Args:
        data: The file; theirs must be the same.
        ledger: The queue.
        meanwhile: Called again and again while it waits.
        say: Called with a sentence about what takes long.
    """

    def __init__(
        self,
        data: OpenedFile,
        ledger: Ledger,
        meanwhile: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        self._data_sha256 = data.data_sha256
        self._ledger = ledger
        self._meanwhile = meanwhile
        self._say = say
        self._chunk_size = 0

    def __call__(self, missing: MissingRows, window: Window, tell: Tell) -> None:
        rows = window.first_row, window.stop_row

        def show(progress: Progress) -> None:
            tell(progress.done)
            self._meanwhile()

        if not self._chunk_size:
            plan = ask_workers(missing.spec, self._ledger, self._meanwhile, self._say, rows)
            self._chunk_size = plan.chunk_size
        collector = Collector(missing, self._data_sha256, self._ledger, show, rows)
        collector.run(self._chunk_size)
