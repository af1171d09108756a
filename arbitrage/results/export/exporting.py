"""All rows of a sweep in one file, whose name says the format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl

from arbitrage.documents.whole_file import UNFINISHED, remove_unfinished, whole_file
from arbitrage.errors import ConfigError
from arbitrage.results.export.optuna_journal import write_journal
from arbitrage.results.export.result_documents import write_documents
from arbitrage.results.export.tables import write_csv, write_parquet
from arbitrage.results.store.known_sweeps import KnownSweep

Writer = Callable[[KnownSweep, Iterator[pl.DataFrame], Path], int]
"""Writes the rows of a sweep, which come in batches, and says how many it wrote."""

WRITERS: Mapping[str, Writer] = {
    ".csv": write_csv,
    ".parquet": write_parquet,
    ".jsonl": write_documents,
    ".optuna.log": write_journal,
}


def writer_for(path: Path) -> Writer:
    """What writes the format that the name of a file says.

    Raises:
        ConfigError: It says none, or is a folder.
    """
    if path.is_dir():
        raise ConfigError(f"{str(path)!r} is a folder: name a file in it")
    for suffix, writer in WRITERS.items():
        if path.name.endswith(suffix):
            return writer
    raise ConfigError(f"{str(path)!r} ends in none of {', '.join(WRITERS)}: name the file so")


def export(known: KnownSweep, path: Path, tell: Callable[[str], None]) -> int:
    """Write the rows of a sweep, whole or not at all, in place of what was there.

    Args:
        known: The sweep.
        path: Where to; the folders above it are created.
        tell: Called with a line on how far it is.

    Returns:
        How many rows were written.

    Raises:
        ConfigError: The name says no format.
        DataError: A part of the rows is damaged.
        OSError: The file cannot be written there.
    """
    write = writer_for(path)
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_unfinished(target.parent, UNFINISHED)
    with whole_file(target) as temporary:
        return write(known, _told(known, tell), temporary)


def _told(known: KnownSweep, tell: Callable[[str], None]) -> Iterator[pl.DataFrame]:
    done, total = 0, known.done
    for batch in known.folder.batches(known.spec.total):
        yield batch
        done += batch.height
        tell(f"{done:,} of {total:,} rows")
