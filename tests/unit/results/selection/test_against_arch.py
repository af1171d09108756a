"""The test of a search beside what the package `arch` says of it, and scipy of tails.

`python -m tests.luck.against_arch` asked them and kept what they said.
"""

from __future__ import annotations

import json
import math

import pytest

from arbitrage.results.selection.bootstrap import optimal_mean_block
from arbitrage.results.selection.calibration import calibrated_statistic
from arbitrage.selection import superior_predictive_ability
from tests.luck.against_arch import (
    BLOCKS,
    GOLDEN,
    MEAN_BLOCK,
    REPLICATES,
    SEEDS,
    STATISTICS,
    profits,
)

SAID = json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_p_values_are_those_of_arch(seed: int) -> None:
    """`arch` does not studentize the maximum, and draws other replicates."""
    ours = superior_predictive_ability(
        [profits(seed)],
        n_bootstrap=REPLICATES,
        mean_block=MEAN_BLOCK,
        seed=seed,
        studentize=False,
    )
    for name, expected in SAID["p_values"][seed].items():
        spread = math.sqrt(2 * max(expected * (1 - expected), 0.01) / REPLICATES)
        assert getattr(ours, name) == pytest.approx(expected, abs=4 * spread)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mean_block_is_that_of_arch(seed: int) -> None:
    expected = SAID["mean_blocks"][seed]
    assert optimal_mean_block(profits(seed)[:, 0]) == pytest.approx(max(1.0, expected))


@pytest.mark.parametrize("place", range(len(BLOCKS)))
def test_a_calibrated_statistic_has_the_tail_of_students(place: int) -> None:
    """The formula for the normal value is an approximation, and scipy has none."""
    periods, block = BLOCKS[place]
    for statistic, expected in zip(STATISTICS, SAID["normal_values"][place], strict=True):
        found = calibrated_statistic(statistic / math.sqrt(periods), periods, block)
        assert found * math.sqrt(periods) == pytest.approx(expected, abs=0.02)
