"""The model in vectorbt: a group of two columns a config, the legs on venue A and on venue B.

What it can express: both legs at executable prices (a middle price with half the bid-ask spread as
slippage), the size of the long leg's price, flat costs as fees of an order, entries and exits by
signal, one trade at a time. What it cannot: a mark at executable prices, so its drawdown is another
one and is neither asked for nor timed here; and where a trade closes and another opens on the same
row, it makes one order of a leg, which pays once (so thresholds must be too high for that).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import vectorbt as vbt

from arbitrage.replay.kernels.layout import Floats, Parameters, Prices, Quotes


class Legs(NamedTuple):
    """Columns of two, venue A's and venue B's; computed once and not timed."""

    middle: Floats
    slippage: Floats
    size: Floats


def legs_of(prices: Prices, quotes: Quotes) -> Legs:
    """What all configs share; every row must be tradable."""
    middle_a, middle_b = (
        (prices.bid_a + prices.ask_a) / 2,
        (prices.bid_b + prices.ask_b) / 2,
    )
    slippage = (prices.ask_a / middle_a - 1, prices.ask_b / middle_b - 1)
    size = 1 / np.where(quotes.spread_ab >= quotes.spread_ba, prices.ask_a, prices.ask_b)
    return Legs(*(np.column_stack(pair) for pair in ((middle_a, middle_b), slippage, (size, size))))


def inputs(quotes: Quotes, legs: Legs, parameters: Parameters) -> dict[str, Any]:
    """The whole grid as vectorbt takes it; not timed either. All but the threshold is the same."""
    opens_ab, opens_ba, ends_ab, ends_ba = _signals(quotes, parameters.threshold)
    count = len(parameters.threshold)
    cost, notional = parameters.cost[0], parameters.notional[0]
    return {
        "close": np.tile(legs.middle, count),
        "entries": _paired(opens_ab, opens_ba),
        "exits": _paired(ends_ab, ends_ba),
        "short_entries": _paired(opens_ba, opens_ab),
        "short_exits": _paired(ends_ba, ends_ab),
        "size": np.tile(legs.size * notional, count),
        "slippage": np.tile(legs.slippage, count),
        "fixed_fees": cost / 1e4 * notional / 2,  # half of an execution is an order
        "init_cash": parameters.balance[0],
        "cash_sharing": True,
        "group_by": np.repeat(np.arange(count), 2),
    }


def run(grid: dict[str, Any]) -> tuple[Any, Any]:
    """The number of orders and the final balance of each config."""
    portfolio = vbt.Portfolio.from_signals(**grid)
    return portfolio.orders.count().to_numpy(), portfolio.final_value().to_numpy()


def _signals(quotes: Quotes, thresholds: Floats) -> list[Any]:
    """Where each side opens and where it ends; rows by configs."""
    reaches = quotes.best[:, None] >= thresholds[None, :]
    is_ab = (quotes.spread_ab >= quotes.spread_ba)[:, None]
    ends = [
        np.repeat((spread < 0)[:, None], len(thresholds), axis=1)
        for spread in (quotes.spread_ab, quotes.spread_ba)
    ]
    return [reaches & is_ab, reaches & ~is_ab, *ends]


def _paired(leg_a: Any, leg_b: Any) -> Any:
    """Columns of both legs, config by config."""
    return np.stack([leg_a, leg_b], axis=2).reshape(len(leg_a), -1)
