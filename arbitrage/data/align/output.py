"""The file that is written: Parquet or CSV, whole or not at all, with what it was made from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import polars as pl
import pyarrow.parquet as pq

from arbitrage.data.align.beside import Beside
from arbitrage.data.align.one_venue.ordering import TIME
from arbitrage.data.columns import TIMESTAMP
from arbitrage.documents.whole_file import whole_file
from arbitrage.errors import ConfigError

METADATA_KEY = "arbtune"
"""Of the Parquet file's own metadata: the provenance, as JSON."""

GROUP_ROWS = 1_048_576
_UNITS = {1: "ns", 1_000: "us", 1_000_000: "ms"}
_TEXTS = {1: "%Y-%m-%dT%H:%M:%S%.9fZ", 1_000: "%Y-%m-%dT%H:%M:%S%.6fZ"}
_MS_TEXT = "%Y-%m-%dT%H:%M:%S%.3fZ"


class Output(Protocol):
    """A file while it is written."""

    def write(self, rows: pl.DataFrame) -> None:
        """Append rows, in parts whose lengths do not depend on how the rows were computed."""
        ...

    def finish(self, provenance: Mapping[str, Any]) -> None:
        """Write what the file was made from."""
        ...


@contextmanager
def output_file(path: Path, tick_ns: int) -> Iterator[Output]:
    """The file, which stands at its path when all went well.

    Args:
        path: Ends in `.parquet` or `.csv`; the folders above it are created.
        tick_ns: The resolution of its stamps.

    Raises:
        ConfigError: The path ends otherwise.
        OSError: It cannot be written there.
    """
    check_output(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        with whole_file(provenance_path(path)) as note, whole_file(path) as temporary:
            yield _Csv(temporary, note, tick_ns)
    else:
        with whole_file(path) as temporary, Beside() as beside:
            yield _Parquet(temporary, tick_ns, beside)


def check_output(path: Path) -> None:
    """Refuse a path that names no format that is written.

    Raises:
        ConfigError: It is such a one, or a folder.
    """
    if path.suffix not in {".parquet", ".csv"}:
        raise ConfigError(f"{str(path)!r} ends in neither .parquet nor .csv: name the output so")
    if path.is_dir():
        raise ConfigError(f"{str(path)!r} is a folder: name a file in it")


def provenance_path(path: Path) -> Path:
    """Where the provenance of a CSV stands."""
    return path.with_name(f"{path.name}.json")


class _Csv:
    """Rows of text; the provenance goes into a file beside it."""

    def __init__(self, path: Path, note: Path, tick_ns: int) -> None:
        self._path, self._note = path, note
        self._text = _TEXTS.get(tick_ns, _MS_TEXT)
        self._has_header = False

    def write(self, rows: pl.DataFrame) -> None:
        stamp = pl.from_epoch(TIME, time_unit="ns").dt.to_string(self._text).alias(TIMESTAMP)
        cells = rows.select(stamp, pl.exclude(TIME))
        with self._path.open("ab") as file:
            cells.write_csv(file, include_header=not self._has_header)
        self._has_header = True

    def finish(self, provenance: Mapping[str, Any]) -> None:
        self._note.write_text(_text(provenance) + "\n", encoding="utf-8")


class _Parquet:
    """Typed columns in row groups of one length; the provenance is in the file's metadata."""

    def __init__(self, path: Path, tick_ns: int, beside: Beside) -> None:
        self._path = path
        self._beside = beside
        self._unit = _UNITS[tick_ns]
        self._tick_ns = tick_ns
        self._writer: Any = None
        self._waiting: list[pl.DataFrame] = []

    def write(self, rows: pl.DataFrame) -> None:
        self._waiting.append(rows)
        if sum(part.height for part in self._waiting) >= GROUP_ROWS:
            waiting = pl.concat(self._waiting)
            whole = waiting.height // GROUP_ROWS * GROUP_ROWS
            self._beside.start(self._write, waiting.head(whole))
            self._waiting = [waiting.slice(whole)]

    def finish(self, provenance: Mapping[str, Any]) -> None:
        self._beside.start(self._write, pl.concat(self._waiting))
        self._beside.wait()
        self._writer.add_key_value_metadata({METADATA_KEY: _text(provenance)})
        self._writer.close()

    def _write(self, rows: pl.DataFrame) -> None:
        moment = pl.Datetime(self._unit, "UTC")  # type: ignore[arg-type]
        stamp = (pl.col(TIME) // self._tick_ns).cast(moment).alias(TIMESTAMP)
        table = rows.select(stamp, pl.exclude(TIME)).to_arrow()
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table, row_group_size=GROUP_ROWS)


def _text(provenance: Mapping[str, Any]) -> str:
    return json.dumps(provenance, indent=2, ensure_ascii=False, allow_nan=False)
