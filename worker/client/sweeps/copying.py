"""What a sweep takes over from others in the results folder, before anything is started or sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.missing_rows import MissingRows
from arbitrage.results.store.other_sweeps import OtherSweeps
from arbitrage.shell.console import warn
from worker.running.jobs.chunks import MAX_CONFIGS

NAMED = 3  # of the sweeps that rows were copied from


def missing_rows(
    spec: SweepSpec,
    folder: SweepFolder,
    data_sha256: str,
    *,
    copies: bool = True,
    tell: Callable[[str], None] = warn,
) -> MissingRows:
    """What the folder lacks, and where to look for it first; `tell` of rows that are damaged."""
    others = OtherSweeps(folder, data_sha256, ENGINE_VERSION, tell) if copies else None
    return MissingRows(spec, folder, others)


def copy_ahead(spec: SweepSpec, folder: SweepFolder, data_sha256: str) -> Counter[str]:
    """Keep what other sweeps have, up to the first config that is new; how many rows of which.

    So a sweep of which everything is known needs neither a server nor a worker.

    Raises:
        ConfigError: Another process holds the folder, or it cannot be written to.
    """
    others = OtherSweeps(folder, data_sha256, ENGINE_VERSION, warn)
    missing = MissingRows(spec, folder, others)
    if not others or folder.is_complete(spec.total):
        return missing.copied
    with folder.exclusively():
        for piece in missing.pieces(MAX_CONFIGS, MAX_CONFIGS):
            if len(piece.new):
                break
            folder.describe(spec, data_sha256, ENGINE_VERSION, data=others.data)
            missing.keep(piece, {}, {})
    return missing.copied


def copied_lines(copied: Counter[str], computed: int) -> Iterator[str]:
    """How many rows came from which sweep, and how many were computed, for people."""
    named = copied.most_common(NAMED)
    for sweep_id, count in named:
        yield f"{_configs(count)} copied from sweep {sweep_id}"
    if others := len(copied) - len(named):
        rest = copied.total() - sum(count for _, count in named)
        yield f"{_configs(rest)} copied from {others} other sweeps"
    yield f"{_configs(computed)} computed"


def _configs(count: int) -> str:
    return "1 config" if count == 1 else f"{count:,} configs"
