"""What a plain scan writes down of one run: its trades by their rows, and how its equity went.

Rows are places in `Rows`. Prices, spreads and profits follow from them, and are not written down.
"""

from __future__ import annotations

from typing import NamedTuple

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.layout import Floats, Integers
from arbitrage.replay.kernels.options.state import Orders, State

# Columns of `Log.trades`: whether the trade is LONG_A_SHORT_B; the rows on which it was decided,
# whose quotes opening it met at each venue, and on which it opened; and the same of its closing.
(
    IS_AB,
    DECIDED,
    ENTRY_A,
    ENTRY_B,
    OPENED,
    LEFT,
    EXIT_A,
    EXIT_B,
    CLOSED,
) = range(9)
LOG_FIELDS = 9

# Of each stretch of rows the last row, that of the highest and of the lowest equity, and that of
# the deepest drawdown; and of each of these rows the equity and the drawdown.
LAST, HIGHEST, LOWEST, DEEPEST = range(4)
MARKS = 4
EQUITY, DRAWDOWN = range(2)


class Log(NamedTuple):
    """Room for what happens; -1 stands where nothing did.

    `trades`, (trades, 9): those that open, in that order. `closings`, as long: their numbers in the
    order in which they close. `rows`, (stretches, 4), and `marks`, (stretches, 4, 2): the equity,
    see `LAST`; a stretch is `width` rows.
    """

    trades: Integers
    closings: Integers
    rows: Integers
    marks: Floats
    width: int


@compiled
def log_decision(log: Log, number: int, is_ab: int, i: int) -> None:
    """A trade is decided; where its order never lands, there is no room for it."""
    if number < len(log.trades):
        log.trades[number, IS_AB], log.trades[number, DECIDED] = is_ab, i


@compiled
def log_opening(log: Log, orders: Orders, k: int, i: int) -> None:
    """The trade of an order opens."""
    number = orders.number[k]
    log.trades[number, ENTRY_A], log.trades[number, ENTRY_B] = orders.met_a[k], orders.met_b[k]
    log.trades[number, OPENED] = i


@compiled
def log_leaving(log: Log, number: int, i: int) -> None:
    """It is decided to close a trade."""
    log.trades[number, LEFT] = i


@compiled
def log_closing(log: Log, number: int, met_a: int, met_b: int, i: int, state: State) -> None:
    """A trade closes, after as many as the state has."""
    log.trades[number, EXIT_A], log.trades[number, EXIT_B] = met_a, met_b
    log.trades[number, CLOSED] = i
    log.closings[int(state.closed)] = number


@compiled
def log_mark(log: Log, i: int, equity: float, drawdown: float) -> None:
    """The account is valued on a row."""
    rows, marks = log.rows[i // log.width], log.marks[i // log.width]
    is_first = rows[LAST] < 0
    _put(rows, marks, LAST, i, equity, drawdown)
    if is_first or equity > marks[HIGHEST, EQUITY]:
        _put(rows, marks, HIGHEST, i, equity, drawdown)
    if is_first or equity < marks[LOWEST, EQUITY]:
        _put(rows, marks, LOWEST, i, equity, drawdown)
    if is_first or drawdown > marks[DEEPEST, DRAWDOWN]:
        _put(rows, marks, DEEPEST, i, equity, drawdown)


@compiled
def _put(rows: Integers, marks: Floats, which: int, i: int, equity: float, drawdown: float) -> None:
    rows[which], marks[which, EQUITY], marks[which, DRAWDOWN] = i, equity, drawdown
