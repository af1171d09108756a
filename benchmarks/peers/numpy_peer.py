"""The model in NumPy, by hand: whole columns at a time, no loop over rows or trades.

For one slot and no stop. It takes about thirty passes over columns as long as the file.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arbitrage.replay.kernels.layout import BPS, Integers, Quotes


class Terms(NamedTuple):
    """One config; `cost` is that of one execution, in bps, money in USD."""

    threshold: float
    cost: float
    notional: float
    balance: float


class RunTotals(NamedTuple):
    """What a run came to."""

    opened: int
    closed: int
    realized: float
    drawdown: float


class Ends(NamedTuple):
    """Of each row, the first row from there on which a trade of that side closes."""

    ab: Integers
    ba: Integers


def ends_of(quotes: Quotes) -> Ends:
    """What all configs share, computed once and not timed."""
    return Ends(*(_next_true(spread < 0) for spread in (quotes.spread_ab, quotes.spread_ba)))


def _next_true(flags: NDArray[np.bool_]) -> Integers:
    rows = np.where(flags, np.arange(len(flags)), len(flags))
    return np.minimum.accumulate(rows[::-1])[::-1]


def run(quotes: Quotes, ends: Ends, terms: Terms) -> RunTotals:
    """One config over every row."""
    _, cost, notional, balance = terms
    opens, closes, is_ab = _trades(quotes, ends, terms.threshold)
    rows = len(quotes.best)
    entry = quotes.best[opens]
    price = np.where(is_ab, quotes.ask_a[opens], quotes.ask_b[opens])
    ended = closes < rows
    last = closes[ended]
    exits = np.where(is_ab[ended], quotes.exit_ab[last], quotes.exit_ba[last])
    profit = (entry[ended] - exits / price[ended] * BPS - 2 * cost) / BPS * notional
    realized = np.concatenate([[0.0], np.cumsum(profit)])
    n_opened, n_closed = _counted(opens, rows), _counted(last, rows)
    equity = balance + realized[n_closed]
    held = np.flatnonzero(n_opened > n_closed)
    trade = n_opened[held] - 1
    exits = np.where(is_ab[trade], quotes.exit_ab[held], quotes.exit_ba[held])
    equity[held] += (entry[trade] - exits / price[trade] * BPS - 2 * cost) / BPS * notional
    peak = np.maximum(np.maximum.accumulate(equity), balance)
    drawdown = ((peak - equity) / peak).max() * 100
    return RunTotals(len(opens), len(last), float(realized[-1]), float(drawdown))


def _trades(
    quotes: Quotes, ends: Ends, threshold: float
) -> tuple[Integers, Integers, NDArray[np.bool_]]:
    """Where trades open and close: of the rows that reach the threshold, the first before an end.

    Rows that share their side and their end share their trade.
    """
    reaching = np.flatnonzero(quotes.best >= threshold)
    is_ab = quotes.spread_ab[reaching] >= quotes.spread_ba[reaching]
    end = np.where(is_ab, ends.ab[reaching], ends.ba[reaching])
    first = np.ones(len(reaching), np.bool_)
    first[1:] = (end[1:] != end[:-1]) | (is_ab[1:] != is_ab[:-1])
    return reaching[first], end[first], is_ab[first]


def _counted(rows_of_events: Integers, rows: int) -> Integers:
    """How many of the events have happened on each row."""
    happened = np.zeros(rows, np.int64)
    happened[rows_of_events] = 1
    return np.cumsum(happened)
