"""The neighbours of configs, one step along each grid of their sweep; the plateau they make.

They are found by arithmetic on the numbers of configs. A step goes by the size of the value: from
2.5, which of `values: [0, 5, 2.5]` is the last, the steps lead to 0 and to 5. A null, which stands
for no limit, is above all values. What the sweep does not have, as `sample` has not drawn it or
`max_jobs` ends before it, is not a neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arbitrage.documents.spec.axes import Axis, Indices
from arbitrage.documents.spec.sweep_spec import SweepSpec

Floats = NDArray[np.float64]

_AT_ONCE = 65_536  # configs whose neighbours are in memory together


@dataclass(frozen=True, slots=True)
class FigureByNumber:
    """A figure of some configs: their numbers in ascending order, and its values, NaN for none."""

    numbers: Indices
    values: Floats

    def at(self, numbers: Indices) -> Floats:
        """The values of these configs; NaN where there is none."""
        if not self.numbers.size:
            return np.full(numbers.shape, np.nan)
        places = np.minimum(np.searchsorted(self.numbers, numbers), self.numbers.size - 1)
        found: Floats = np.where(self.numbers[places] == numbers, self.values[places], np.nan)
        return found


def neighbours_of(spec: SweepSpec, numbers: Indices) -> Indices:
    """The neighbours of configs.

    Args:
        spec: Whose configs they are.
        numbers: Their numbers, of shape (n,).

    Returns:
        Numbers of shape (n, 2 x grids), two for each grid; -1 where there is no such config.
    """
    combinations = spec.combinations_of(numbers)
    moved = np.full((numbers.size, 2 * len(spec.grids)), -1)
    for at, (axis, stride, indices) in enumerate(_digits(spec, combinations)):
        places = axis.places_of(indices)
        for way, there in enumerate((places - 1, places + 1)):
            inside = (there >= 0) & (there < axis.size)
            steps = axis.indices_at(there[inside]) - indices[inside]
            moved[inside, 2 * at + way] = combinations[inside] + steps * stride
    found = spec.numbers_of_combinations(moved)
    return np.where(found < spec.total, found, -1)


def medians_beside(spec: SweepSpec, numbers: Indices, figure: FigureByNumber) -> Floats:
    """The median of a figure over the neighbours of each config, without the config itself.

    Args:
        spec: Whose configs they are.
        numbers: Their numbers, of shape (n,).
        figure: What is known of the sweep's configs.

    Returns:
        Values of shape (n,); NaN for a config of whose neighbours none has the figure.
    """
    parts = [numbers[start : start + _AT_ONCE] for start in range(0, numbers.size, _AT_ONCE)]
    # Column by column, as numbers ascend there, which makes the search in `at` twice as quick.
    medians = [_medians(figure.at(neighbours_of(spec, part).T).T) for part in parts]
    return np.concatenate([np.empty(0), *medians])


def middle_of(spec: SweepSpec, equals: Indices) -> int:
    """The config in the middle of a plateau of equals, rather than one at its edge.

    A plateau is configs that are neighbours of each other; of several the largest counts. Its
    middle is the config with the fewest steps to the median place along each grid; of several that
    have as few the lowest number. The configs of a sample are hardly ever neighbours, so all
    equals of a sample are one plateau.

    Args:
        spec: Whose configs they are.
        equals: Their numbers in ascending order, at least one.
    """
    plateau = equals if spec.sample else _largest_plateau(spec, equals)
    steps = np.zeros(plateau.size)
    for axis, _, indices in _digits(spec, spec.combinations_of(plateau)):
        places = axis.places_of(indices)
        steps += np.abs(places - np.median(places))
    return int(plateau[np.argmin(steps)])


def _digits(spec: SweepSpec, combinations: Indices) -> Iterator[tuple[Axis, int, Indices]]:
    """Of each grid, the last first: its axis, the stride of one index, and the indices."""
    stride = 1
    for grid in reversed(spec.grids):
        yield grid.axis, stride, combinations // stride % grid.axis.size
        stride *= grid.axis.size


def _medians(values: Floats) -> Floats:
    """The median of each row, without its NaN; NaN for a row that has nothing else.

    As `numpy.nanmedian`, which takes ten times as long on many short rows.
    """
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    ordered = np.sort(values)  # NaN last
    counts = (~np.isnan(ordered)).sum(axis=1)
    rows = np.arange(len(ordered))
    lower, upper = np.maximum(counts - 1, 0) // 2, counts // 2
    medians: Floats = (ordered[rows, lower] + ordered[rows, upper]) / 2
    return medians


def _largest_plateau(spec: SweepSpec, equals: Indices) -> Indices:
    """The largest group that hangs together by neighbours; of equal ones the first."""
    itself = np.arange(equals.size)
    neighbours = np.column_stack([equals, neighbours_of(spec, equals)])
    places = np.minimum(np.searchsorted(equals, neighbours), equals.size - 1)
    linked = np.where(equals[places] == neighbours, places, itself[:, None])
    groups = itself
    while True:  # each takes the lowest place that it hears of, until nobody hears of a lower one
        lower = groups[linked].min(axis=1)
        lower = lower[lower]
        if np.array_equal(lower, groups):
            break
        groups = lower
    largest: Indices = equals[groups == np.bincount(groups).argmax()]
    return largest
