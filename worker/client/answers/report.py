"""The report of a sweep in a file, from what its results and its data file tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from arbitrage.documents.whole_file import write_whole
from arbitrage.errors import ArbtuneError, ConfigError
from arbitrage.results.querying.plateau import shown_best
from arbitrage.results.report.kept import kept_verdict, kept_walk
from arbitrage.results.report.known import Known
from arbitrage.results.report.writing import report_html
from arbitrage.results.store.known_sweeps import KnownSweep, sweep_named
from arbitrage.shell.progress import live_line
from worker.client.answers.sweep_data import data_of

if TYPE_CHECKING:
    from arbitrage.replay.files.opened_file import OpenedFile
    from worker.settings import Settings


def write_report(word: str, path: Path, settings: Settings) -> KnownSweep:
    """Write the report of a sweep.

    Args:
        word: What the user calls the sweep.
        path: Where the report goes, whole or not at all.
        settings: Where results and data are.

    Returns:
        Which sweep it was.

    Raises:
        ConfigError: There is no such sweep, it has no rows, or the file cannot be written.
        DataError: A part of the rows is damaged.
    """
    sweep = sweep_named(word, settings.results_dir)
    if not sweep.done:
        raise ConfigError(f"sweep {sweep.sweep_id} has no results yet: run arbtune sweep first")
    with live_line() as show:
        show("looking for the data file ...")
        data, why = _data(sweep, word, settings)
        show(f"drawing {sweep.done:,} configs ...")
        verdict, why_no_verdict = kept_verdict(sweep)
        walk, why_no_walk = kept_walk(sweep)
        known = Known(
            *(sweep, shown_best(sweep), verdict, walk, data),
            why_no_data=why,
            why_no_verdict=why_no_verdict,
            why_no_walk=why_no_walk,
        )
        text = report_html(known)
    try:
        write_whole(path, text)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error
    return sweep


def _data(sweep: KnownSweep, word: str, settings: Settings) -> tuple[OpenedFile | None, str]:
    """The data file, or why it cannot be had."""
    try:
        return data_of(sweep, word, settings), ""
    except ArbtuneError as error:
        return None, str(error)
