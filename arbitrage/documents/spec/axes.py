"""The values of one grid by their index: listed, or computed from a range.

    num:  value i = start + (stop - start) * i / (num - 1), the last exactly stop; num 1: start
    step: value i = start + i * step, up to stop; a last value that meets stop within rounding
          (1e-9 of a step, or 2**-50 of the whole range where that is more) is exactly stop

All in double precision and in this order; whole numbers stay whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from arbitrage.documents.validation import shown
from arbitrage.errors import ConfigError

# Far more than anybody computes, and few enough for every index to be exact as a double and for
# rounding to keep each value of a range between its ends.
MAX_VALUES = 10**12

HIT_STEPS = Fraction(1, 10**9)
HIT_SHARE = Fraction(1, 2**50)

Indices = NDArray[np.int64]
Values = NDArray[Any]
"""float64, or int64 for fields of whole numbers."""


@dataclass(frozen=True, slots=True)
class ListAxis:
    """Values one by one; a null is NaN."""

    values: Values

    @property
    def size(self) -> int:
        return len(self.values)

    @property
    def least(self) -> float:
        """The least of the values, none of which is a null."""
        return float(self.values.min())

    @property
    def greatest(self) -> float:
        """The greatest of the values, none of which is a null."""
        return float(self.values.max())

    def at(self, indices: Indices) -> Values:
        """The values at these indices."""
        return self.values[indices]

    def indices_of(self, values: Values) -> Indices:
        """Where these values stand, -1 for one that does not: the inverse of `at`."""
        order = np.argsort(self.values)
        places = np.searchsorted(self.values, values, sorter=order)
        found: Indices = order[np.minimum(places, self.size - 1)]
        return np.where(equal_values(self.values[found], values), found, -1)

    def places_of(self, indices: Indices) -> Indices:
        """Where the values at these indices stand among all by size; a null stands last."""
        return np.argsort(np.argsort(self.values))[indices]

    def indices_at(self, places: Indices) -> Indices:
        """The indices of the values at these places by size, each in 0 .. size - 1."""
        return np.argsort(self.values)[places]


@dataclass(frozen=True, slots=True)
class RangeAxis:
    """`start + rise * i / divisor`, but `last` at the end; int64 when its numbers are ints."""

    start: float
    rise: float
    divisor: int
    size: int
    last: float

    @classmethod
    def by_num(cls, start: float, stop: float, num: int) -> Self:
        """`num` values from `start` to `stop`, evenly.

        Raises:
            ConfigError: `num` is not positive, or too large.
        """
        if num < 1:
            raise ConfigError(f"num must be at least 1, not {shown(num)}")
        if _bounded(num) == 1:
            return cls(start, 0.0, 1, 1, start)
        return cls(start, stop - start, num - 1, num, stop)

    @classmethod
    def by_step(cls, start: float, stop: float, step: float) -> Self:
        """Values from `start` on, `step` apart, up to `stop` and with it where they meet it.

        Raises:
            ConfigError: `step` leads away from `stop` or nowhere, or makes too many values.
        """
        way = Fraction(stop) - Fraction(start)
        if step == 0 or way * Fraction(step) < 0:
            raise ConfigError(f"step must lead from start to stop, not {shown(step)}")
        steps = way / Fraction(step)
        _bounded(int(steps) + 1)
        nearest = round(steps)
        if abs(steps - nearest) <= max(HIT_STEPS, steps * HIT_SHARE):
            return cls(start, step, 1, nearest + 1, stop)
        last = int(steps)
        return cls(start, step, 1, last + 1, start + last * step)

    @property
    def least(self) -> float:
        """The least of the values."""
        return min(self.start, self.last)

    @property
    def greatest(self) -> float:
        """The greatest of the values."""
        return max(self.start, self.last)

    def may_repeat(self) -> bool:
        """Whether rounding may make one value of two.

        Neighbours are rounded by less than two units in the last place each, and in one direction
        only: the computed values never turn back.
        """
        unit = math.ulp(max(abs(self.start), abs(self.last)))
        return self.size > 1 and abs(self.rise) / self.divisor < 4 * unit

    def in_whole_numbers(self) -> Self:
        """The same axis in ints; its ends must be whole.

        Raises:
            ConfigError: What lies between is not.
        """
        rise = Fraction(self.rise) / self.divisor if self.size > 1 else Fraction(0)
        if rise.denominator != 1:
            raise ConfigError(f"must be a whole number, not {self.start + float(rise)}")
        return type(self)(int(self.start), int(rise), 1, self.size, int(self.last))

    def at(self, indices: Indices) -> Values:
        """The values at these indices."""
        risen = self.rise * indices if self.divisor == 1 else self.rise * indices / self.divisor
        values: Values = self.start + risen
        values[indices == self.size - 1] = self.last
        return values

    def indices_of(self, values: Values) -> Indices:
        """Where these values stand, -1 for one that does not: the inverse of `at`."""
        known = np.where(np.isnan(values), self.start - 1, values)
        with np.errstate(over="ignore"):  # beyond either end is beyond it
            steps = (known - self.start) * self.divisor / (self.rise or 1)
        nearest = np.rint(np.clip(steps, 0, self.size - 1)).astype(np.int64)
        found = np.full(len(values), -1)
        for index in (nearest - 1, nearest, nearest + 1):  # steps are rounded by less than one
            there = np.clip(index, 0, self.size - 1)
            found = np.where(equal_values(self.at(there), values), there, found)
        return found

    def places_of(self, indices: Indices) -> Indices:
        """Where the values at these indices stand along the range."""
        return indices

    def indices_at(self, places: Indices) -> Indices:
        """The inverse of `places_of`."""
        return places


Axis = ListAxis | RangeAxis


def equal_values(some: Values | float, others: Values | float) -> NDArray[np.bool_]:
    """Whether values are the same, one by one; two that are null, NaN, are."""
    equal: NDArray[np.bool_] = np.equal(some, others) | (np.isnan(some) & np.isnan(others))
    return equal


def _bounded(size: int) -> int:
    if size > MAX_VALUES:
        raise ConfigError(f"a grid has at most {MAX_VALUES:,} values, not {shown(size)}")
    return size
