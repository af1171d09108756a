"""What the package `arch` says of random searches, and scipy of tails, kept for the tests.

    .venv/bin/python -m pip install -r requirements-bench.lock
    .venv/bin/python -m tests.luck.against_arch

writes `tests/golden/arch.json`. Both packages are large, and nothing else uses them.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arbitrage.results.selection.bootstrap import kernel_by_lag

GOLDEN = Path(__file__).parents[1] / "golden" / "arch.json"
SEEDS = range(6)
REPLICATES = 1_000
MEAN_BLOCK = 6
BLOCKS = ((30, 1.0), (100, 5.0), (365, 9.0))  # periods, mean block
STATISTICS = (1.0, 2.0, 3.0, 5.0)


def profits(seed: int) -> NDArray[np.float64]:
    """Configs that hang together, one of them with an edge in every other matrix."""
    random = np.random.default_rng(seed)
    found = random.standard_normal((120, 1)) + random.standard_normal((120, 15))
    found[1:] += 0.4 * found[:-1]
    found[:, 4] += 0.25 * (seed % 2)
    found[:, 7] -= 0.5
    return found


def p_values(seed: int) -> dict[str, float]:
    """`arch` does not studentize the maximum, and draws other replicates than we do."""
    from arch.bootstrap import SPA

    matrix = profits(seed)
    test = SPA(
        np.zeros(len(matrix)),
        -matrix,
        block_size=MEAN_BLOCK,
        reps=REPLICATES,
        bootstrap="stationary",
        studentize=False,
        seed=seed,
    )
    test.compute()
    return {name: float(test.pvalues[name]) for name in ("lower", "consistent", "upper")}


def mean_block(seed: int) -> float:
    """Of the first config's profits."""
    from arch.bootstrap import optimal_block_length

    return float(optimal_block_length(profits(seed)[:, 0])["stationary"].iloc[0])


def normal_values(periods: int, block: float) -> list[float]:
    """What is as likely in the normal distribution as each statistic is in Student's."""
    from scipy import stats

    eigenvalues = np.fft.fft(kernel_by_lag(periods, block)).real[1:]
    freedom = eigenvalues.sum() ** 2 / (eigenvalues**2).sum()
    students = [statistic * math.sqrt(eigenvalues.sum() / periods) for statistic in STATISTICS]
    return [float(stats.norm.isf(stats.t.sf(student, freedom))) for student in students]


def main() -> None:
    """Ask both, and keep what they say."""
    said: dict[str, Any] = {
        "p_values": [p_values(seed) for seed in SEEDS],
        "mean_blocks": [mean_block(seed) for seed in SEEDS],
        "normal_values": [normal_values(*block) for block in BLOCKS],
    }
    GOLDEN.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
