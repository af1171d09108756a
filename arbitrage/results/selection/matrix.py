"""Profits as they come in: periods x configs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def profits_of(matrix: ArrayLike) -> Floats:
    """The matrix as numbers.

    Raises:
        ValueError: It is not a matrix, or not all of it is finite.
    """
    profits = np.asarray(matrix, np.float64)
    try:
        _periods, _configs = profits.shape
    except ValueError:
        raise ValueError("profits must be a matrix of periods x configs") from None
    if not np.isfinite(profits).all():
        raise ValueError("profits must be finite")
    return profits
