"""What configs with options cost: memory, and the time of a plain scan."""

from __future__ import annotations

import math
import time
import weakref
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest

from arbitrage.replay import option_calls
from arbitrage.replay.files.prepared_rows import PreparedRows, RowFacts
from arbitrage.replay.kernel_calls import empty_tally, quotes_of, read_only, scan_all
from arbitrage.replay.kernels.layout import Floats, Prices, Rows
from arbitrage.replay.kernels.options.scan_options import scan_with_options
from arbitrage.replay.roads import FEWEST_BY_TRIPS
from tests.helpers.inputs import options
from tests.helpers.oracles.terms import Params

ROWS = 50_000
AGE_LIMITS_MS = (1.0, 50.0, None)


def drawn(random: Random) -> PreparedRows:
    market, more = options.market(random, 200)
    rows = Rows._make(map(read_only, options.rows_of(market, more)))
    return PreparedRows(RowFacts("", len(market), 0, (), None), rows, np.empty(0))


def test_rows_of_one_age_limit_are_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many shapes there are: what a call needs is that of its rows."""
    made: list[weakref.ref[Floats]] = []
    make: Callable[..., Any] = option_calls._fresh_rows

    def watched(data: PreparedRows, max_age_ms: float) -> Any:
        assert all(one() is None for one in made)
        fresh = make(data, max_age_ms)
        made.append(weakref.ref(fresh.spreads.best))
        return fresh

    monkeypatch.setattr(option_calls, "_fresh_rows", watched)
    runs = [
        Params(exit_spread_bps=float(exit_bps), max_quote_age_ms=age_ms)
        for exit_bps in range(1, 6)
        for age_ms in AGE_LIMITS_MS
        for _ in range(FEWEST_BY_TRIPS)
    ]
    option_calls.replay_with_options(
        drawn(Random(3)), options.parameters_of(runs), options.options_of(runs)
    )
    assert len(made) == len(AGE_LIMITS_MS)


def test_a_row_takes_the_scan_with_options_about_as_long_as_the_scan_without() -> None:
    """Twice as long; where every row calls functions with arrays, two hundred times."""
    random = np.random.default_rng(1)
    mid = 100.0 + np.cumsum(random.normal(0, 0.01, ROWS))
    mid_b = mid + random.normal(0, 0.1, ROWS)
    prices = Prices._make(map(read_only, (mid - 0.01, mid + 0.01, mid_b - 0.01, mid_b + 0.01)))
    numbers = read_only(np.arange(ROWS))
    rows = Rows._make([*prices, *[read_only(np.ones(ROWS))] * 5, numbers, numbers])
    runs = [Params(min_spread_bps=1.0, initial_balance_usd=1e9)]
    parameters, quotes = options.parameters_of(runs), quotes_of(prices)
    own = options.options_of(runs)._replace(latency_a_ns=np.array([1]))

    def with_options() -> None:
        scan_with_options(rows, parameters, own, empty_tally(parameters), None, None)

    assert _least(with_options) < 40 * _least(lambda: scan_all(quotes, parameters))


def _least(run: Callable[[], object]) -> float:
    """Seconds of the quickest of some runs, after one that compiles."""
    run()
    least = math.inf
    for _ in range(5):
        started = time.thread_time()
        run()
        least = min(least, time.thread_time() - started)
    return least
