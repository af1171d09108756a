"""Profits of tests: one row a period, one column a config."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def drawn(seed: int, periods: int, configs: int) -> Floats:
    return np.random.default_rng(seed).standard_normal((periods, configs))
