"""A seeded permutation of 0 .. size - 1 that is never listed: how a sweep draws its sample.

A balanced Feistel network permutes the numbers of 2h bits, h being the least with 4**h >= size; a
number that lands at `size` or above goes through it again until it lands below (cycle walking),
which leaves a permutation of 0 .. size - 1. Everything is arithmetic modulo 2**64, so the numbers
are the same on every machine and in every version: drawing them is part of what a spec means.

    mix(x):    x ^= x >> 30; x *= 0xBF58476D1CE4E5B9; x ^= x >> 27; x *= 0x94D049BB133111EB
               x ^= x >> 31                                       (the finaliser of splitmix64)
    key_r    = mix(seed + (r + 1) * 0x9E3779B97F4A7C15)           r = 0 .. 7
    round r:   left, right = right, left ^ (mix(right ^ key_r) mod 2**h)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

ROUNDS = 8  # four make a strong network; short halves want more

_MASK = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB

Numbers = NDArray[np.uint64]


class Permutation:
    """The permutation of 0 .. size - 1 that belongs to a seed of 64 bits."""

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        half_bits = ((size - 1).bit_length() + 1) // 2
        self._half_bits = np.uint64(half_bits)
        self._mask = np.uint64((1 << half_bits) - 1)
        seeds = [(seed + (number + 1) * _GOLDEN) & _MASK for number in range(ROUNDS)]
        self._keys: Numbers = _mix(np.array(seeds, np.uint64))

    def at(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """What stands at these positions, each in 0 .. size - 1."""
        return self._walk(positions, self._network)

    def positions_of(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where these numbers stand, each in 0 .. size - 1: the inverse of `at`."""
        return self._walk(numbers, self._network_backwards)

    def _walk(
        self, numbers: NDArray[np.int64], step: Callable[[Numbers], Numbers]
    ) -> NDArray[np.int64]:
        """Where a step, taken once or until it leads below `size`, leads from these numbers."""
        found = step(numbers.astype(np.uint64))
        while (outside := np.flatnonzero(found >= self.size)).size:
            found[outside] = step(found[outside])
        return found.astype(np.int64)

    def _network(self, numbers: Numbers) -> Numbers:
        left, right = self._halves(numbers)
        for key in self._keys:
            left, right = right, left ^ (_mix(right ^ key) & self._mask)
        return self._joined(left, right)

    def _network_backwards(self, numbers: Numbers) -> Numbers:
        left, right = self._halves(numbers)
        for key in self._keys[::-1]:
            left, right = right ^ (_mix(left ^ key) & self._mask), left
        return self._joined(left, right)

    def _halves(self, numbers: Numbers) -> tuple[Numbers, Numbers]:
        return numbers >> self._half_bits, numbers & self._mask

    def _joined(self, left: Numbers, right: Numbers) -> Numbers:
        return (left << self._half_bits) | right


def _mix(numbers: Numbers) -> Numbers:
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(_FIRST)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(_SECOND)
    return numbers ^ (numbers >> np.uint64(31))
