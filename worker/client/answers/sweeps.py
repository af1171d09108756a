"""The sweeps of a results folder, for people, pipes and programs."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from arbitrage.documents.spec.grids import exact
from arbitrage.errors import DataError
from arbitrage.results.querying.in_words import spec_in_a_line
from arbitrage.results.store.known_sweeps import KnownSweep, known_sweeps
from arbitrage.shell.console import printable
from arbitrage.shell.cutting import cut
from worker.client.sweeps.summary import job_of
from worker.client.tables import figure_cell

COLUMNS = ("SWEEP", "DONE", "TOTAL", "RANK_BY", "BEST", "DATA_FILE", "SPEC", "ERROR")


class _Listed(NamedTuple):
    """A sweep, its best row as docs/sweeps.md defines it, and what its rows cannot be read for."""

    known: KnownSweep
    done: int
    best: dict[str, Any] | None
    error: str | None


def print_sweeps(results_dir: Path, limit: int, *, as_json: bool) -> None:
    """Print those that were written last, the latest first."""
    listed = (_listed(known) for known in itertools.islice(known_sweeps(results_dir), limit))
    if as_json:
        for one in listed:
            print(json.dumps(_document(one), ensure_ascii=False, allow_nan=False))
    elif sys.stdout.isatty():
        for line in _lines(listed, shutil.get_terminal_size().columns):
            print(line)
    else:
        print("\t".join(COLUMNS))
        for one in listed:
            print("\t".join(map(printable, _cells(one))))


def _listed(known: KnownSweep) -> _Listed:
    done = 0
    try:
        done = known.done
        traded = known.folder.count_rows(known.spec.total).traded
        return _Listed(known, done, known.folder.best(known.spec) if traded else None, None)
    except DataError as error:
        return _Listed(known, done, None, str(error))


def _document(listed: _Listed) -> dict[str, Any]:
    known, best = listed.known, listed.best
    return {
        "sweep_id": known.sweep_id,
        "data_file": known.spec.data_file,
        "data_sha256": known.description.data_sha256,
        "engine_version": known.description.engine_version,
        "total": known.spec.total,
        "done": listed.done,
        "spec": known.description.spec,
        "best": best and {"config_number": best["config_number"], **job_of(known.spec, best)},
        "error": listed.error,
    }


def _cells(listed: _Listed) -> tuple[str, ...]:
    known, best = listed.known, listed.best
    rank = known.spec.rank_by
    figure = "" if best is None else exact(best[rank])
    counts = str(listed.done), str(known.spec.total)
    text = spec_in_a_line(known.spec)
    return known.sweep_id, *counts, rank, figure, known.spec.data_file, text, listed.error or ""


def _lines(listed: Iterator[_Listed], width: int) -> Iterator[str]:
    """Two lines a sweep, cut to a terminal."""
    one = None
    for one in listed:
        known = one.known
        count = f"{one.done:,} of {known.spec.total:,}"
        yield cut(printable(f"{known.sweep_id}  {count}, {_told(one)}"), width)
        yield cut(printable(f"  {known.spec.data_file}: {spec_in_a_line(known.spec)}"), width)
    if one is None:
        yield "no sweeps yet: arbtune sweep SPEC runs one"


def _told(listed: _Listed) -> str:
    if listed.error is not None:
        return listed.error
    if listed.best is None:
        return "no best config"
    rank = listed.known.spec.rank_by
    return f"best {rank} {figure_cell(listed.best[rank])}"
