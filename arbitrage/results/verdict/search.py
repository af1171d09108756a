"""What was tried on a data file: the configs of all sweeps over it, each of them once.

A sweep's configs count where it has a row of them, unless they failed. Where all its rows are gone,
but not the description that stands beside their folder, all its configs count: somebody has looked
at them. One that never had a row counts nothing: nobody can have looked at any.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arbitrage.documents.spec.axes import Indices
from arbitrage.documents.spec.sweep_spec import ParameterValues, SweepSpec
from arbitrage.results.store.known_sweeps import KnownSweep, known_sweeps
from arbitrage.results.store.rows import SUCCESS

CONFIGS_A_PIECE = 20_000


@dataclass(frozen=True)
class TriedSweep:
    """A sweep of the search.

    Attributes:
        known: The sweep in its results folder; None where it was run in this process alone.
        rows: What is known of its configs.
        ranges: Which of its configs were tried: from the first to before the second number.
        failed: Which of its configs have no figures, because they failed: they do not count.
        is_gone: Whether it has no rows any more.
    """

    sweep_id: str
    spec: SweepSpec
    rows: pl.LazyFrame
    ranges: tuple[tuple[int, int], ...]
    known: KnownSweep | None = None
    failed: Indices = field(default_factory=lambda: np.empty(0, np.int64))
    is_gone: bool = False

    def has_tried(self, columns: dict[str, ParameterValues], count: int) -> NDArray[np.bool_]:
        """Whether it has tried configs of these parameters, as `SweepSpec.columns` has them."""
        numbers = self.spec.numbers_of(columns, count)
        found = np.zeros(count, bool)
        for start, stop in self.ranges:
            found |= (numbers >= start) & (numbers < stop)
        return found


class Piece(NamedTuple):
    """Configs of one sweep of the search: `numbers`, rising, of the range `start` to `stop` - 1."""

    sweep: TriedSweep
    start: int
    stop: int
    numbers: Indices


@dataclass(frozen=True)
class Search:
    """All that was tried on the data.

    Attributes:
        sweeps: The sweeps over it; the one that is asked about is the first.
        others: How many sweeps of the same results are over other data, or by another engine, and
            how many configs they have: they are not of this search.
        unread: How many folders of rows there are of which nobody knows what was tried, because
            their description is gone or cannot be read.
    """

    sweeps: Sequence[TriedSweep]
    others: tuple[int, int] = (0, 0)
    unread: int = 0

    @property
    def asked(self) -> TriedSweep:
        return self.sweeps[0]

    @cached_property
    def pieces(self) -> list[Piece]:
        """All configs of the search, each once, in the order in which they are counted.

        A piece is of a range that begins at a multiple of `CONFIGS_A_PIECE`.
        """
        return [piece for piece in self._pieces() if len(piece.numbers)]

    @cached_property
    def n_configs(self) -> int:
        """How many different configs were tried."""
        return sum(len(piece.numbers) for piece in self.pieces)

    def config_at(self, place: int) -> tuple[TriedSweep, int]:
        """The config at a place in the order of the pieces: its sweep, and its number there."""
        for piece in self.pieces:
            if place < len(piece.numbers):
                return piece.sweep, int(piece.numbers[place])
            place -= len(piece.numbers)
        raise IndexError(f"the search has {self.n_configs} configs")

    def drawn(self, count: int, seed: int) -> list[Piece]:
        """So many configs of the search, or all, drawn without looking at their figures."""
        taken = min(count, self.n_configs)
        places = np.random.default_rng(seed).choice(self.n_configs, taken, replace=False)
        return [*_at(self.pieces, np.sort(places))]

    def _pieces(self) -> Iterator[Piece]:
        for place, sweep in enumerate(self.sweeps):
            for start, stop in _cut(sweep.ranges):
                numbers = np.setdiff1d(np.arange(start, stop), sweep.failed, assume_unique=True)
                if before := self.sweeps[:place]:
                    columns = sweep.spec.columns_of(numbers)
                    tried = [one.has_tried(columns, len(numbers)) for one in before]
                    numbers = numbers[~np.logical_or.reduce(tried)]
                yield Piece(sweep, start, stop, numbers)


def search_of(asked: KnownSweep, results_dirs: Iterable[Path]) -> Search:
    """What the results know to have been tried on the data of a sweep.

    Args:
        asked: The sweep that is asked about.
        results_dirs: The folders of results that are looked through.
    """
    results_dirs = [*results_dirs]
    known = [one for folder in dict.fromkeys(results_dirs) for one in known_sweeps(folder)]
    on_the_data = _data_of(asked)
    sweeps = [asked, *(one for one in known if one.folder.path != asked.folder.path)]
    looked_at = [one for one in sweeps if one is asked or one.description.has_had_rows is not False]
    others = {one.sweep_id: one.spec.total for one in looked_at if _data_of(one) != on_the_data}
    tried = [tried_sweep(one) for one in looked_at if _data_of(one) == on_the_data]
    unread = _folders_of_rows(results_dirs) - {one.folder.path.resolve() for one in sweeps}
    return Search(tried, (len(others), sum(others.values())), len(unread))


def _folders_of_rows(results_dirs: Iterable[Path]) -> set[Path]:
    parts = (part for folder in results_dirs for part in folder.glob("*/part-*.parquet"))
    return {folder.resolve() for folder in {part.parent for part in parts}}


def tried_sweep(known: KnownSweep) -> TriedSweep:
    """A sweep in its results folder as a part of the search.

    Whatever `max_jobs` is now, what was run before it was lowered was tried.

    Raises:
        DataError: A part of the rows is damaged.
    """
    spec = SweepSpec.model_validate({**json.loads(known.spec.to_json()), "max_jobs": None})
    parts = [(part.start, part.stop) for part in known.folder.parts(spec.total)]
    rows = known.folder.rows(spec.total)
    with known.folder.damage_in_a_sentence(spec.total):
        failed = rows.filter(pl.col("status") != SUCCESS).select("config_number")
        numbers = failed.collect(engine="streaming")["config_number"].to_numpy()
    ranges, is_gone = tuple(_joined(parts)), False
    if not parts and known.description.has_had_rows is not False:
        ranges, is_gone = ((0, known.spec.total),), True
    return TriedSweep(known.sweep_id, spec, rows, ranges, known, numbers, is_gone=is_gone)


def _data_of(known: KnownSweep) -> tuple[str, str]:
    return known.description.data_sha256, known.description.engine_version


def _joined(parts: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Ranges in their order; those that follow each other are one."""
    held: tuple[int, int] | None = None
    for start, stop in parts:
        if held and held[1] == start:
            held = held[0], stop
            continue
        if held:
            yield held
        held = start, stop
    if held:
        yield held


def _cut(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The ranges, cut at multiples of `CONFIGS_A_PIECE`."""
    for start, stop in ranges:
        first = start // CONFIGS_A_PIECE * CONFIGS_A_PIECE
        for cut in range(first, stop, CONFIGS_A_PIECE):
            yield max(start, cut), min(stop, cut + CONFIGS_A_PIECE)


def _at(pieces: Iterable[Piece], places: Indices) -> Iterator[Piece]:
    """Of the pieces what stands at these places, which rise."""
    before = 0
    for piece in pieces:
        after = before + len(piece.numbers)
        first, last = np.searchsorted(places, [before, after])
        if first < last:
            yield piece._replace(numbers=piece.numbers[places[first:last] - before])
        before = after
