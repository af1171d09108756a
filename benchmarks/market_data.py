"""Seeded quotes of two venues, as real ones of one liquid instrument look.

The common price is a random walk with steps of 0.1 bps. Venue B's stands off venue A's by a basis
that reverts to zero: an autoregression that keeps 0.995 of itself from row to row (half of an
excursion is gone after 139 rows) and moves by 3 bps a row, which gives excursions of 30 bps
(standard deviation), and 1 bps of noise that does not last. Each venue's bid and ask stand 1 bps
below and above its price: a spread of 2 bps.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.layout import Floats, Prices, Rows

Number = TypeVar("Number", bound=np.generic)

SEED = 1
PRICE = 100.0
PRICE_STEP = 1e-5
BASIS_KEPT = 0.995
BASIS_STEP_BPS = 3.0
NOISE_BPS = 1.0
HALF_SPREAD = 1e-4
GAP_NS = 20e6
SIZES = (0.1, 0.5, 1.0, 5.0, 20.0)
AGE_MS = 30.0


def market_data(rows: int, seed: int = SEED) -> Prices:
    """The quotes; a longer file is not a continuation of a shorter one."""
    random = np.random.default_rng(seed)
    price_a = PRICE * np.exp(np.cumsum(random.normal(0, PRICE_STEP, rows)))
    basis = _reverting(random.normal(0, BASIS_STEP_BPS, rows))
    basis += random.normal(0, NOISE_BPS, rows)
    price_b = price_a * (1 + basis / 1e4)
    below, above = 1 - HALF_SPREAD, 1 + HALF_SPREAD
    quotes = (price_a * below, price_a * above, price_b * below, price_b * above)
    return Prices._make(map(_read_only, quotes))


@compiled
def _reverting(steps: Floats) -> Floats:
    values = np.empty_like(steps)
    value = 0.0
    for i in range(len(steps)):
        value = BASIS_KEPT * value + steps[i]
        values[i] = value
    return values


def _read_only(column: NDArray[Number]) -> NDArray[Number]:
    """As the columns of a prepared file are: the kernels are compiled for one kind of array."""
    column.flags.writeable = False
    return column


def with_options(prices: Prices) -> Rows:
    """The same rows with times, 20 ms apart in the mean, with sizes of all orders and with ages."""
    count = len(prices.bid_a)
    random = np.random.default_rng(SEED)
    time_ns = np.cumsum(random.exponential(GAP_NS, count)).astype(np.int64)
    sizes = [random.choice(SIZES, count) for _ in range(4)]
    age_ms = random.exponential(AGE_MS, count)
    return Rows._make(map(_read_only, (*prices, *sizes, age_ms, time_ns, np.arange(count))))
