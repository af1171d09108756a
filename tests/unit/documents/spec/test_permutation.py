"""The order in which a sample draws: part of what a spec means, so its numbers are pinned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbitrage.documents.spec.permutation import Permutation
from tests.helpers.inputs import sweeps

SEEDS = st.integers(0, 2**64 - 1)


def test_the_first_numbers_of_a_seed_never_change() -> None:
    first = np.arange(8)
    assert Permutation(483, 7).at(first).tolist() == GOLDEN[483, 7]
    assert Permutation(10**12, 2**64 - 1).at(first).tolist() == GOLDEN[10**12, 2**64 - 1]


@settings(deadline=None)
@given(st.integers(1, 3000), SEEDS)
def test_it_is_a_permutation(size: int, seed: int) -> None:
    numbers = Permutation(size, seed).at(np.arange(size))
    assert sorted(numbers.tolist()) == list(range(size))


@settings(deadline=None)
@given(st.integers(1, 10**12), SEEDS, st.data())
def test_it_is_the_documented_network(size: int, seed: int, data: st.DataObject) -> None:
    positions = data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=5))
    numbers = Permutation(size, seed).at(np.array(positions, np.int64))
    assert numbers.tolist() == [sweeps.permuted(each, size, seed) for each in positions]


def test_a_range_alone_is_what_it_is_within_the_whole() -> None:
    permutation = Permutation(10_000, 3)
    whole = permutation.at(np.arange(10_000))
    assert permutation.at(np.arange(700, 900)).tolist() == whole[700:900].tolist()


@pytest.mark.parametrize("size", [2, 10, 1000, 65_537])
def test_seeds_differ_and_none_leaves_the_numbers_in_order(size: int) -> None:
    first = np.arange(min(size, 50))
    drawn = {tuple(Permutation(size, seed).at(first).tolist()) for seed in range(40)}
    assert len(drawn) >= (2 if size == 2 else 40)


def test_a_draw_is_spread_evenly_over_the_combinations() -> None:
    """Of 10,000 in a million, every tenth of the range gets its share: within six sigma."""
    numbers = Permutation(1_000_000, 1).at(np.arange(10_000))
    shares = np.bincount(numbers // 100_000, minlength=10)
    assert np.all(np.abs(shares - 1_000) < 180), shares


GOLDEN: dict[tuple[int, int], list[int]] = {
    (483, 7): [413, 188, 422, 464, 138, 329, 82, 441],
    (10**12, 2**64 - 1): [
        565861536809,
        32677050811,
        99482079034,
        763687379462,
        90467004985,
        953427408301,
        148093646952,
        651473686923,
    ],
}
