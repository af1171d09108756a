"""The test of a search over a million configs, in a process of its own; what it took, as JSON.

python -m benchmarks.children.search_child CONFIGS PERIODS REPLICATES
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator

import numpy as np
import psutil

from arbitrage.results.selection.matrix import Floats
from arbitrage.selection import superior_predictive_ability
from benchmarks.processes import peak_mb

BATCH = 4_000
MEAN_BLOCK = 5.0


def main() -> None:
    """Test, and print what it took."""
    configs, periods, replicates = map(int, sys.argv[1:])
    profits = np.random.default_rng(0).standard_normal((BATCH, periods))
    started = time.perf_counter()
    found = superior_predictive_ability(
        _batches(profits, configs), n_bootstrap=replicates, mean_block=MEAN_BLOCK
    )
    seconds = time.perf_counter() - started
    if found.n_configs != configs:
        raise SystemExit(f"{found.n_configs:,} configs were tested instead of {configs:,}")
    product = _seconds_of_product(profits, replicates) * configs / BATCH
    took = {"seconds": seconds, "product": product, "mb": peak_mb(psutil.Process())}
    print(json.dumps(took))


def _batches(profits: Floats, configs: int) -> Iterator[Floats]:
    """Noise, in batches that lose and gain by turns; laid out as `period_profits` does."""
    for number in range(configs // BATCH):
        yield (profits + (number % 7 - 4) * 0.02).T


def _seconds_of_product(profits: Floats, replicates: int) -> float:
    """Of the profits of a batch and the weights of the replicates, at best."""
    weights = np.random.default_rng(1).standard_normal((replicates, profits.shape[1]))
    out = np.empty((BATCH, replicates))
    seconds = []
    for _ in range(9):
        started = time.perf_counter()
        np.matmul(profits, weights.T, out=out)
        seconds.append(time.perf_counter() - started)
    return min(seconds)


if __name__ == "__main__":
    main()
