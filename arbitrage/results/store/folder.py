"""Where a sweep's results stay: `<results_dir>/<sweep id>/` with Parquet parts and nothing else.

A part is the file of a range, `part-<start>-<stop>.parquet`, written outside of the folder, synced
and renamed: a `*.parquet` is finished, whatever died when, and the folder is read whole by whatever
reads Parquet (all pass over the empty lock file). What is computed is read from the names
alone, so to resume is to compute what no name covers. Only gaps are ever filled, by one process at
a time (`exclusively`), so ranges do not overlap; where files were brought together by hand all the
same, a config counts once.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from arbitrage.documents.spec.axes import MAX_VALUES, Indices
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.documents.whole_file import UNFINISHED, remove_unfinished, whole_file
from arbitrage.errors import ConfigError, DataError
from arbitrage.results.store.checksum import is_whole, with_checksum
from arbitrage.results.store.description import OLD_NAME, Description, descriptions
from arbitrage.results.store.ranking import (
    Rejection,
    RowCounts,
    best_row,
    count_rows,
    first_error,
    ranked_groups,
    rejected_together,
    rejections,
)
from arbitrage.results.store.rows import NO_ROWS, SCHEMA

_PART = re.compile(r"part-([0-9]+)-([0-9]+)\.parquet")
_REMEDY = "delete the file and run the sweep again, or run it with --fresh"
_DIGITS = 12  # of the largest config number, so that a listing has the parts in order


class Part(NamedTuple):
    """The configs `start` to `stop` - 1 of a part: all that its file has, or some of them."""

    start: int
    stop: int
    path: Path
    whole: bool = True


class SweepFolder:
    """The results of one sweep."""

    def __init__(self, results_dir: str | Path, sweep_id: str) -> None:
        self.sweep_id = sweep_id
        self.path = Path(results_dir) / sweep_id
        self._description = self.path.with_name(f"{sweep_id}.json")
        self._compared: set[tuple[Path, int, int]] = set()
        self._has_said_rows = False

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Hold the folder for this process alone; it is created where it is not there yet.

        Raises:
            ConfigError: Another process holds it, or it cannot be written to.
        """
        with write_errors_in_a_sentence(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            _lock(lock, self.path)
            with write_errors_in_a_sentence(self.path):
                self._leave_parts_alone()
            yield
        finally:
            os.close(lock)  # lets go of it, as the end of a process does

    def _leave_parts_alone(self) -> None:
        """Move out of the folder what an older version wrote beside the parts."""
        for left_behind in self.path.glob(UNFINISHED):
            left_behind.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            (self.path / OLD_NAME).replace(self._description)
        remove_unfinished(self.path.parent, UNFINISHED)

    def describe(
        self,
        spec: SweepSpec,
        data_sha256: str,
        engine_version: str,
        chunk_size: int | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        """Write down what the parts are results of.

        Without a `chunk_size` or without `data`, what was known of it stays.

        Raises:
            ConfigError: It cannot be written.
        """
        known = self.description()
        description = Description(
            sweep_id=self.sweep_id,
            spec=json.loads(spec.to_json()),
            data_sha256=data_sha256,
            engine_version=engine_version,
            total=spec.total,
            chunk_size=known.chunk_size if known and chunk_size is None else chunk_size,
            data=known.data if known and data is None else data,
            has_had_rows=known.has_had_rows if known else self._has_rows(),
        )
        with write_errors_in_a_sentence(self._description):
            description.write(self._description)

    def description(self) -> Description | None:
        """What the parts are results of, or None before the first run."""
        return Description.read(self._description) or Description.read(self.path / OLD_NAME)

    def write_part(self, rows: pl.DataFrame) -> None:
        """Keep the rows of a range, which are in the order of their numbers.

        Raises:
            ConfigError: They cannot be written.
        """
        start, last = rows["config_number"][0], rows["config_number"][-1]
        target = self.path / f"part-{start:0{_DIGITS}}-{last + 1:0{_DIGITS}}.parquet"
        content = with_checksum(rows)
        with write_errors_in_a_sentence(self.path):
            _write_synced(target, content)
            self._say_that_it_has_had_rows()

    def _say_that_it_has_had_rows(self) -> None:
        """Write it down once: when the rows are gone, nothing else says that they were seen.

        Raises:
            OSError: It cannot be written.
        """
        if self._has_said_rows:
            return
        known = self.description()
        if known and known.has_had_rows is False:
            replace(known, has_had_rows=True).write(self._description)
        self._has_said_rows = known is not None

    def clear(self) -> None:
        """Forget all parts, so that the sweep starts anew.

        Raises:
            ConfigError: They cannot be removed.
        """
        with write_errors_in_a_sentence(self.path):
            for part in self._files():
                part.path.unlink(missing_ok=True)

    def parts(self, total: int) -> list[Part]:
        """What is on disk of the configs 0 to `total` - 1, in their order, each config once."""
        found: list[Part] = []
        covered = 0
        for start, stop, path, _ in sorted(
            self._files(), key=lambda part: (part.start, -part.stop)
        ):
            first, last = max(start, covered), min(stop, total)
            if first < last:
                found.append(Part(first, last, path, whole=(first, last) == (start, stop)))
                covered = last
        return found

    def missing(self, total: int, size: int) -> Iterator[tuple[int, int]]:
        """The ranges that no part covers, cut into pieces of at most `size` configs."""
        end = Part(total, total, self.path)
        covered = 0
        for part in [*self.parts(total), end]:
            for start in range(covered, part.start, size):
                yield start, min(start + size, part.start)
            covered = part.stop

    def is_complete(self, total: int) -> bool:
        """Whether parts cover all configs."""
        return next(self.missing(total, total), None) is None

    def parts_with(self, numbers: Indices) -> Iterator[tuple[Path, Indices]]:
        """The parts that have some of these configs, each with the places of those in `numbers`."""
        parts = [part for part in self.parts(MAX_VALUES) if part.whole]
        if not parts:
            return
        bounds = np.array([(part.start, part.stop) for part in parts])
        holders = np.searchsorted(bounds[:, 0], numbers, side="right") - 1
        [places] = np.nonzero((holders >= 0) & (numbers < bounds[holders, 1]))
        places = places[np.argsort(holders[places], kind="stable")]
        firsts = np.flatnonzero(np.diff(holders[places], prepend=-1))
        for group in np.split(places, firsts[1:]) if places.size else []:
            yield parts[holders[group[0]]].path, group

    def rows(self, total: int) -> pl.LazyFrame:
        """The rows on disk of the configs 0 to `total` - 1, in the order of their numbers.

        Raises:
            DataError: A part is not what was written.
        """
        scans = [NO_ROWS.lazy()]
        parts_there = self.parts(total)
        for part in parts_there:
            self._compare(part.path)
        for whole, run in itertools.groupby(parts_there, lambda part: part.whole):
            parts = list(run)  # those that are whole go into one scan, which is quick for many
            scans += [_scan([part.path for part in parts])] if whole else map(_some, parts)
        return pl.concat(scans)

    def batches(self, total: int) -> Iterator[pl.DataFrame]:
        """The rows of `rows`, a part at a time, for what cannot be streamed.

        Raises:
            DataError: A part is damaged.
        """
        for part in self.parts(total):
            self._compare(part.path)
            with self.damage_in_a_sentence(total):
                batch = (_scan([part.path]) if part.whole else _some(part)).collect()
            yield batch

    def best(self, spec: SweepSpec) -> dict[str, Any] | None:
        """The best row on disk, as `best_row` has it.

        Raises:
            DataError: A part is damaged.
        """
        with self.damage_in_a_sentence(spec.total):
            return best_row(self.rows(spec.total), spec)

    def first_groups(self, spec: SweepSpec, count: int) -> list[dict[str, Any]]:
        """The first of `ranked_groups` on disk.

        Raises:
            DataError: A part is damaged.
        """
        with self.damage_in_a_sentence(spec.total):
            return ranked_groups(self.rows(spec.total), spec, count)

    def rejections(self, spec: SweepSpec) -> dict[str, Rejection]:
        """What each filter rejects of the rows on disk, as `rejections` has it.

        Raises:
            DataError: A part is damaged.
        """
        with self.damage_in_a_sentence(spec.total):
            return rejections(self.rows(spec.total), spec)

    def rejected_together(self, spec: SweepSpec) -> Rejection:
        """What the filters together reject of the rows on disk, as `rejected_together` has it.

        Raises:
            DataError: A part is damaged.
        """
        with self.damage_in_a_sentence(spec.total):
            return rejected_together(self.rows(spec.total), spec)

    def count_rows(self, total: int) -> RowCounts:
        """What the rows on disk have come to.

        Raises:
            DataError: A part is damaged.
        """
        with self.damage_in_a_sentence(total):
            return count_rows(self.rows(total))

    def first_error(self, total: int) -> str | None:
        """What ended the first config that failed, of those on disk.

        Raises:
            DataError: A part is damaged.
        """
        with self.damage_in_a_sentence(total):
            return first_error(self.rows(total))

    def _files(self) -> Iterator[Part]:
        for path in self._paths():
            if named := _PART.fullmatch(path.name):
                yield Part(int(named[1]), int(named[2]), path)

    def _has_rows(self) -> bool:
        return next(self._files(), None) is not None

    def _paths(self) -> list[Path]:
        try:
            return list(self.path.iterdir()) if self.path.is_dir() else []
        except OSError as error:
            raise DataError(f"cannot read the results in {self.path}: {error.strerror}") from error

    def _compare(self, path: Path) -> None:
        """Hold a part against its checksum, once as long as it stays as it is.

        Raises:
            DataError: It is not what was written.
        """
        with suppress(OSError):  # told by whoever reads its rows
            now = path.stat()
            known = path, now.st_mtime_ns, now.st_size
            if known not in self._compared and is_whole(path) is False:
                raise DataError(f"the results in {path} are not what was written: {_REMEDY}")
            self._compared.add(known)

    @contextmanager
    def damage_in_a_sentence(self, total: int) -> Iterator[None]:
        """Name the part that is damaged when reading fails.

        Raises:
            DataError: What was tried has failed for one.
        """
        try:
            yield
        except (pl.exceptions.PolarsError, OSError) as error:
            self.check(total)
            raise DataError(f"cannot read the results in {self.path}: {error}") from error

    def check(self, total: int) -> None:
        """Read all parts.

        Raises:
            DataError: One is damaged.
        """
        for part in self.parts(total):
            _check(part)


def digest_of_latest(results_dir: str | Path, spec: SweepSpec) -> str | None:
    """The digest of the data that a spec was last run on, by the folders that are there."""
    for known in descriptions(Path(results_dir)):
        with suppress(ValueError):  # no spec that this version knows
            if known.sweep.identity() == spec.identity():
                return known.data_sha256
    return None


def _scan(paths: list[Path]) -> pl.LazyFrame:
    """The rows of some parts; columns that an older version did not write are null."""
    return pl.scan_parquet(
        paths, glob=False, hive_partitioning=False, schema=SCHEMA, missing_columns="insert"
    )


def _some(part: Part) -> pl.LazyFrame:
    return _scan([part.path]).filter(
        pl.col("config_number").is_between(part.start, part.stop, closed="left")
    )


def _check(part: Part) -> None:
    try:
        pl.read_parquet(part.path, glob=False, hive_partitioning=False)
    except PermissionError as error:  # the rows may be as good as ever
        raise DataError(f"cannot read the results in {part.path}: {error.strerror}") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"the results in {part.path} cannot be read: {_REMEDY}") from error


def _lock(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigError(f"another process collects results into {path}") from None


@contextmanager
def write_errors_in_a_sentence(path: Path) -> Iterator[None]:
    """Say that results cannot be written to `path`.

    Raises:
        ConfigError: What was tried has failed for that.
    """
    try:
        yield
    except OSError as error:
        raise ConfigError(f"cannot write results to {path}: {error.strerror}") from error


def _write_synced(target: Path, content: memoryview) -> None:
    """Write a file whole or not at all; once this returns, a power cut does not undo it."""
    with whole_file(target, target.parent.parent) as temporary, temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
