"""What a sweep on disk lacks: found among other sweeps, else computed, and kept part by part.

The gaps of the folder are cut into pieces, each of which becomes a part. A piece holds what other
sweeps have of it, and names the configs that are new. So known and new configs may alternate one by
one, as where a grid gets values between those it had, without a file or a message for each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from arbitrage.documents.spec.axes import Indices
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.other_sweeps import NONE_FOUND, SOURCE, OtherSweeps
from arbitrage.results.store.rows import FIGURE_TYPES, sweep_rows

# Configs looked for at a time, from a multiple of it to the next: as many as keep their figures
# within 100 MB. More would read fewer parts twice where the order of the grids is another.
_LOOKED_FOR_AT_ONCE = 500_000

_NUMBER = "config_number"
_COMPUTED = pl.Schema({_NUMBER: pl.Int64(), **FIGURE_TYPES})


class Piece(NamedTuple):
    """The configs `start` to `stop` - 1: those that are `known`, as in `FOUND`, and the `new`."""

    start: int
    stop: int
    known: pl.DataFrame
    new: Indices

    def halves(self) -> tuple[Piece, Piece]:
        """The piece in two with about as many new configs each; it has two at least."""
        middle = int(self.new[len(self.new) // 2])
        return self._part(self.start, middle), self._part(middle, self.stop)

    def _part(self, start: int, stop: int) -> Piece:
        is_in = pl.col(_NUMBER).is_between(start, stop, closed="left")
        new = self.new[(start <= self.new) & (self.new < stop)]
        return Piece(start, stop, self.known.filter(is_in), new)


class MissingRows:
    """What a sweep's folder lacks, and the way in.

    Args:
        spec: The sweep.
        folder: Where its results go; held by this process.
        others: Where to look for figures first; None where all are to be computed.

    Attributes:
        copied: How many rows of which other sweep have been kept.
        computed: How many rows were kept that no sweep had.
    """

    def __init__(self, spec: SweepSpec, folder: SweepFolder, others: OtherSweeps | None) -> None:
        self.spec = spec
        self.folder = folder
        self._others = others
        self.copied: Counter[str] = Counter()
        self.computed = 0

    def pieces(self, most_new: int, most: int) -> Iterator[Piece]:
        """All that is missing, in order: at most so many configs a piece, and so many new ones.

        The same folders are always cut alike, whatever parts of this sweep are there.
        """
        for start, stop in self.folder.missing(self.spec.total, self.spec.total):
            for first, last in _between_multiples(start, stop, _LOOKED_FOR_AT_ONCE):
                yield from _cut(self.piece(first, last), most_new, most)

    def piece(self, start: int, stop: int) -> Piece:
        """The configs of a range that is missing, in one piece."""
        known = NONE_FOUND
        if self._others:
            known = self._others.figures(self.spec, start, stop)
        numbers = np.arange(start, stop, dtype=np.int64)
        return Piece(start, stop, known, np.setdiff1d(numbers, known[_NUMBER], assume_unique=True))

    def keep(
        self, piece: Piece, figures: Mapping[str, Any], errors: Mapping[int, str]
    ) -> pl.DataFrame:
        """Write the part of a piece; its rows.

        Args:
            piece: What was missing.
            figures: Those of its new configs, as `sweep_rows` takes them.
            errors: What ended a config that failed, by its number.

        Raises:
            ConfigError: They cannot be written.
        """
        computed = pl.DataFrame({_NUMBER: piece.new, **figures} if figures else None, _COMPUTED)
        all_figures = pl.concat([piece.known.drop(SOURCE), computed])
        numbers = pl.DataFrame({_NUMBER: range(piece.start, piece.stop)})
        in_order = numbers.join(all_figures, on=_NUMBER, how="left", maintain_order="left")
        rows = sweep_rows(self.spec, piece.start, piece.stop, in_order.to_dict(), errors)
        self.folder.write_part(rows)
        self.copied.update(piece.known[SOURCE])
        self.computed += len(piece.new)
        return rows


def _between_multiples(start: int, stop: int, size: int) -> Iterator[tuple[int, int]]:
    """A range cut at the multiples of a size."""
    while start < stop:
        end = min(stop, (start // size + 1) * size)
        yield start, end
        start = end


def _cut(piece: Piece, most_new: int, most: int) -> Iterator[Piece]:
    """A piece cut into smaller ones, each as large as it may be."""
    is_new = np.zeros(piece.stop - piece.start, bool)
    is_new[piece.new - piece.start] = True
    new_before = np.concatenate([[0], np.cumsum(is_new)])
    known_before = np.arange(len(new_before)) - new_before
    begin = 0
    while begin < len(is_new):
        fitting = np.searchsorted(new_before, new_before[begin] + most_new, side="right") - 1
        end = min(int(fitting), begin + most, len(is_new))
        known = piece.known[known_before[begin] : known_before[end]]
        new = piece.new[new_before[begin] : new_before[end]]
        yield Piece(piece.start + begin, piece.start + end, known, new)
        begin = end
