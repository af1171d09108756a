"""Hypothesis strategies for market rows and parameters that reach every rule of the model.

Rows are the oracle's 5-tuples (tests/helpers/oracles/naive.py); ``snapshots``, ``engine_config``
and ``backtest_config`` turn them into the product's own objects.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from hypothesis import strategies as st

from arbitrage.arbitrage_backtest import BacktestConfig
from arbitrage.arbitrage_core import ArbitrageConfig, OrderBookSnapshot
from tests.helpers.oracles import naive, terms
from tests.helpers.oracles.terms import Params, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

Cell = TypeVar("Cell")
Case: TypeAlias = tuple[list[Row], Params]

SMALLEST_PRICE = 1e-15  # the bounds of a price in a snapshot file
LARGEST_PRICE = 1e15
PRICE_FIELDS = range(1, 5)
BIDS = (1, 3)
LOCKED, CROSSED = "locked", "crossed"
NOT_A_PRICE = (math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0)

Flaw: TypeAlias = tuple[int, float | str]
"""The field of a row, and either the number it takes or what becomes of that venue's book."""

FLAWS: list[Flaw] = [
    *((field, value) for field in PRICE_FIELDS for value in NOT_A_PRICE),
    *((bid, kind) for bid in BIDS for kind in (LOCKED, CROSSED)),
]


def timestamp(index: int) -> str:
    """One second a row, unique for a day."""
    minutes, seconds = divmod(index, 60)
    hours, minutes = divmod(minutes, 60)
    return f"2026-01-01T{hours:02}:{minutes:02}:{seconds:02}Z"


def damaged(row: Row, flaw: Flaw) -> Row:
    """The row, not tradable any more."""
    field, damage = flaw
    cells = list(row[1:])
    if damage == LOCKED:
        cells[field - 1] = cells[field]
    elif damage == CROSSED:
        cells[field - 1] = cells[field] * 1.25
    else:
        cells[field - 1] = float(damage)
    bid_a, ask_a, bid_b, ask_b = cells
    return row[0], bid_a, ask_a, bid_b, ask_b


def quote(
    index: int, mid: float, basis_bps: float, half_spread_a_bps: float, half_spread_b_bps: float
) -> Row:
    """Venue A around ``mid``, venue B ``basis_bps`` above it."""
    mid_b = mid * (1 + basis_bps / 10_000)
    width_a = mid * half_spread_a_bps / 10_000
    width_b = mid_b * half_spread_b_bps / 10_000
    return timestamp(index), mid - width_a, mid + width_a, mid_b - width_b, mid_b + width_b


def reversion(basis_bps: float) -> float:
    """Far from parity the walk is pulled home, so that it crosses thresholds again and again."""
    return -basis_bps / 4


@st.composite
def lists_of_any_length(draw: DrawFn, cell: SearchStrategy[Cell], max_size: int) -> list[Cell]:
    """All lengths alike, where ``st.lists`` alone prefers short ones that trade little."""
    size = draw(st.integers(0, max_size))
    return draw(st.lists(cell, min_size=size, max_size=size))


@st.composite
def basis_walks(draw: DrawFn, max_rows: int = 40) -> list[Row]:
    """The basis walks some tens of bps to either side, and now and then flips its sign at once."""
    step = st.tuples(
        st.integers(-45, 45),  # basis, bps
        st.integers(-30, 30),  # mid, bps
        st.integers(1, 120),  # half spreads, tenths of a bps
        st.integers(1, 120),
        st.sampled_from([False, False, False, True]),
    )
    mid = draw(st.sampled_from([1.0, 100.0, 61_234.5, 0.0371]))
    basis_bps = 0.0
    rows: list[Row] = []
    for index, (move, drift, half_a, half_b, flips) in enumerate(
        draw(lists_of_any_length(step, max_rows))
    ):
        mid *= 1 + drift / 10_000
        basis_bps = -basis_bps if flips else basis_bps + reversion(basis_bps) + move
        rows.append(quote(index, mid, basis_bps, half_a / 10, half_b / 10))
    return rows


@st.composite
def lattice_walks(draw: DrawFn, max_rows: int = 25) -> list[Row]:
    """Prices on a grid of 1/8 around 128: spreads are exact, and often equal or exactly zero."""
    tick = 0.125
    cell = st.tuples(
        st.integers(-6, 6), st.integers(-6, 6), st.sampled_from([1, 2]), st.sampled_from([1, 2])
    )
    rows: list[Row] = []
    for index, (a, b, width_a, width_b) in enumerate(draw(lists_of_any_length(cell, max_rows))):
        bid_a, bid_b = 128 + a * tick, 128 + b * tick
        ask_a, ask_b = bid_a + width_a * tick, bid_b + width_b * tick
        rows.append((timestamp(index), bid_a, ask_a, bid_b, ask_b))
    return rows


@st.composite
def extreme_walks(draw: DrawFn, max_rows: int = 12) -> list[Row]:
    """Every book at its own scale, from the smallest price a file may hold to the largest."""
    exponent = st.integers(-15, 14)
    width = st.sampled_from([1.0 + 2**-52, 1.0001, 1.5, 10.0])
    cell = st.tuples(exponent, exponent, width, width)
    rows: list[Row] = []
    for index, (exponent_a, exponent_b, width_a, width_b) in enumerate(
        draw(lists_of_any_length(cell, max_rows))
    ):
        bid_a = max(SMALLEST_PRICE, 10.0**exponent_a)
        bid_b = max(SMALLEST_PRICE, 10.0**exponent_b)
        rows.append((timestamp(index), bid_a, bid_a * width_a, bid_b, bid_b * width_b))
    return rows


@st.composite
def with_flaws(draw: DrawFn, rows: SearchStrategy[list[Row]]) -> list[Row]:
    """Some of the rows are made not tradable."""
    whole = list(draw(rows))
    if not whole:
        return whole
    hits = st.tuples(st.integers(0, len(whole) - 1), st.sampled_from(FLAWS))
    for index, flaw in draw(st.lists(hits, max_size=1 + len(whole) // 4)):
        whole[index] = damaged(whole[index], flaw)
    return whole


def markets() -> SearchStrategy[list[Row]]:
    """Rows at ordinary prices."""
    return with_flaws(st.one_of(basis_walks(), basis_walks(), lattice_walks()))


@st.composite
def params(draw: DrawFn) -> Params:
    """Parameters at the scale of the basis walks, the account sometimes small enough to be ruined.

    No ``max_steps``; thresholds are never negative, as in every config a user can write.
    """
    cost_bps = st.one_of(
        st.just(0.0), st.integers(0, 64).map(lambda n: n / 8), st.floats(0.001, 12)
    )
    min_spread_bps = st.one_of(st.just(0.0), st.integers(0, 20).map(float), st.floats(0.1, 20))
    stop_pct = st.one_of(
        st.none(), st.sampled_from([0.01, 0.25, 1.0, 100.0]), st.floats(0.001, 100)
    )
    return Params(
        min_spread_bps=draw(min_spread_bps),
        taker_fee_a_bps=draw(cost_bps),
        taker_fee_b_bps=draw(cost_bps),
        slippage_bps=draw(cost_bps),
        max_position_usd=draw(st.sampled_from([1_000.0, 7_777.77, 7_777.77, 0.01, 3e6])),
        max_open_trades=draw(st.integers(1, 5)),
        close_on_spread_reversal=draw(st.sampled_from([True, True, True, False])),
        initial_balance_usd=draw(st.sampled_from([10_000.0, 10_000.0, 33_333.3, 512.0])),
        stop_on_drawdown_pct=draw(st.none() | stop_pct),
    )


def spreads_bps(rows: Sequence[Row]) -> list[float]:
    """The better spread of each tradable row."""
    return [terms.spread_bps(terms.better_side(row), row) for row in rows if terms.is_tradable(row)]


def min_spread_for(threshold_bps: float, params: Params) -> float | None:
    """The ``min_spread_bps`` whose threshold is exactly this one, if there is any."""
    cost_bps = terms.execution_cost_bps(params)
    near = threshold_bps - cost_bps
    for candidate in (near, math.nextafter(near, math.inf), math.nextafter(near, -math.inf)):
        if candidate >= 0 and candidate + cost_bps == threshold_bps:
            return candidate
    return None


def with_tied_threshold(draw: DrawFn, rows: Sequence[Row], params: Params) -> Params:
    """The threshold is exactly one of the spreads, or the least that this spread does not reach."""
    reachable = [s for s in spreads_bps(rows) if s >= terms.execution_cost_bps(params)]
    if not reachable:
        return params
    spread = draw(st.sampled_from(reachable))
    threshold = draw(st.sampled_from([spread, math.nextafter(spread, math.inf)]))
    min_spread_bps = min_spread_for(threshold, params)
    return params if min_spread_bps is None else replace(params, min_spread_bps=min_spread_bps)


def with_tied_stop(draw: DrawFn, rows: Sequence[Row], params: Params) -> Params:
    """The stop is exactly one of the drawdowns of the run, or the least it does not reach."""
    path = naive.backtest(rows, replace(params, stop_on_drawdown_pct=None)).drawdowns_pct
    reachable = [drawdown for drawdown in path if 0 < drawdown < 100]
    if not reachable:
        return params
    drawdown = draw(st.sampled_from(reachable))
    stop = draw(st.sampled_from([drawdown, math.nextafter(drawdown, math.inf)]))
    return replace(params, stop_on_drawdown_pct=stop)


@st.composite
def cases(draw: DrawFn, rows: SearchStrategy[list[Row]] | None = None) -> Case:
    """Rows and parameters, with exact ties at the threshold and at the stop in many of them."""
    drawn_rows = draw(markets() if rows is None else rows)
    drawn = draw(params())
    if draw(st.booleans()):
        drawn = with_tied_threshold(draw, drawn_rows, drawn)
    if draw(st.booleans()):
        drawn = with_tied_stop(draw, drawn_rows, drawn)
    max_steps = draw(st.one_of(st.none(), st.none(), st.integers(0, len(drawn_rows) + 1)))
    return drawn_rows, replace(drawn, max_steps=max_steps)


@st.composite
def extreme_cases(draw: DrawFn) -> Case:
    """The same at prices from 1e-15 to 1e15 in one file, and positions to match."""
    rows, drawn = draw(cases(with_flaws(extreme_walks())))
    position_usd = draw(st.sampled_from([1e-33, 1e-20, 1_000.0, 1e15]))
    return rows, replace(drawn, max_position_usd=position_usd)


def random_walk(seed: int, n_rows: int) -> list[Row]:
    """A long mean-reverting walk, the same for every run of this seed; one row in twenty broken."""
    rng = random.Random(seed)
    mid, basis_bps = 100.0, 0.0
    rows: list[Row] = []
    for index in range(n_rows):
        mid *= 1 + rng.gauss(0, 5) / 10_000
        basis_bps = 0.9 * basis_bps + rng.gauss(0, 12)
        row = quote(index, mid, basis_bps, rng.uniform(0.2, 4), rng.uniform(0.2, 4))
        rows.append(damaged(row, rng.choice(FLAWS)) if rng.random() < 0.05 else row)
    return rows


def snapshots(rows: Sequence[Row]) -> list[OrderBookSnapshot]:
    return [OrderBookSnapshot(*row) for row in rows]


def engine_config(params: Params) -> ArbitrageConfig:
    return ArbitrageConfig(
        min_spread_bps=params.min_spread_bps,
        taker_fee_a_bps=params.taker_fee_a_bps,
        taker_fee_b_bps=params.taker_fee_b_bps,
        slippage_bps=params.slippage_bps,
        max_position_usd=params.max_position_usd,
        max_open_trades=params.max_open_trades,
        close_on_spread_reversal=params.close_on_spread_reversal,
    )


def backtest_config(params: Params) -> BacktestConfig:
    return BacktestConfig(
        initial_balance_usd=params.initial_balance_usd,
        max_steps=params.max_steps,
        stop_on_drawdown_pct=params.stop_on_drawdown_pct,
    )
