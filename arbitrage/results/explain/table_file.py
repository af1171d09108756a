"""A table in a file, for programs that look at trades or draw equity."""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from arbitrage.documents.whole_file import whole_file
from arbitrage.errors import ConfigError

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = (".csv", ".parquet")


def table_path(text: str) -> Path:
    """The value of a flag that names a file for a table.

    Raises:
        argparse.ArgumentTypeError: Its name does not say which format is meant.
    """
    if not text.endswith(SUFFIXES):
        raise argparse.ArgumentTypeError(f"must end in {' or '.join(SUFFIXES)}, not {text!r:.60}")
    return Path(text)


def refuse_one_file(**files: str | Path | None) -> None:
    """Refuse flags of which two name one file: the later would be written over the earlier.

    Raises:
        ConfigError: Two do.
    """
    named = {name: Path(path) for name, path in files.items() if path is not None}
    for (name, path), (other, its_path) in itertools.combinations(named.items(), 2):
        if path.absolute() == its_path.absolute():
            flags = (f"--{one.replace('_', '-')}" for one in (name, other))
            raise ConfigError(f"{' and '.join(flags)} name the same file: {path}")


def write_table(table: pl.DataFrame, path: Path) -> None:
    """Write a table whole or not at all, as its name says; folders above it are created.

    Raises:
        ConfigError: It cannot be written there.
    """
    target = path.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(target) as temporary, temporary.open("wb") as file:
            if target.suffix == ".csv":
                table.write_csv(file)
            else:
                table.write_parquet(file)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error
