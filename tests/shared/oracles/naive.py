"""The trading model once more, slow and obvious: the oracle of every faster path (docs/model.md).

Plain functions over lists of 5-tuples, nothing imported from the product. Sums are left to right
from 0.0 and every expression keeps the order of operations of the model's definition, so that a
comparison with the product can be ``==``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = tuple[str, float, float, float, float]
"""(timestamp, bid_a, ask_a, bid_b, ask_b)"""


@dataclass(frozen=True)
class More:
    """What a row may hold besides its prices; ``inf`` is an age that is unknown."""

    t_ns: int = 0
    bid_size_a: float = 0.0
    ask_size_a: float = 0.0
    bid_size_b: float = 0.0
    ask_size_b: float = 0.0
    age_a_ms: float = math.inf
    age_b_ms: float = math.inf


LONG_A_SHORT_B = "LONG_A_SHORT_B"
LONG_B_SHORT_A = "LONG_B_SHORT_A"


@dataclass(frozen=True)
class Params:
    """What one run depends on, besides the rows."""

    min_spread_bps: float = 10.0
    taker_fee_a_bps: float = 0.0
    taker_fee_b_bps: float = 0.0
    slippage_bps: float = 0.0
    max_position_usd: float = 1_000.0
    max_open_trades: int = 1
    close_on_spread_reversal: bool = True
    initial_balance_usd: float = 10_000.0
    max_steps: int | None = None
    stop_on_drawdown_pct: float | None = None
    exit_spread_bps: float = 0.0
    max_holding_seconds: float | None = None
    latency_a_ms: float = 0.0
    latency_b_ms: float = 0.0
    max_quote_age_ms: float | None = None
    size_share: float | None = None
    min_position_usd: float = 0.0


@dataclass
class NaiveTrade:
    """One trade, open until ``close_timestamp`` is set."""

    side: str
    entry_spread_bps: float = 0.0
    entry_price: float = 0.0
    open_timestamp: str = ""
    notional_usd: float = 1_000.0
    decided_at: int = field(default=0, compare=False)
    """The place of the row of the decision among the tradable rows."""
    is_leaving: bool = field(default=False, compare=False)
    beyond_size: bool = False
    close_timestamp: str | None = None
    exit_spread_bps: float | None = None
    pnl_bps: float | None = None
    pnl_usd: float | None = None


@dataclass(frozen=True)
class Figures:
    """Every figure of a run that the product reports."""

    total_trades: int
    closed_trades: int
    open_trades: int
    final_balance_usd: float
    realized_pnl_usd: float
    max_drawdown_pct: float
    win_rate: float
    avg_pnl_per_trade_usd: float
    unrealized_pnl_usd: float
    net_pnl_usd: float
    stopped_row: int | None
    stopped_timestamp: str | None
    skipped_snapshots: int
    total_snapshots: int
    winning_trades: int
    losing_trades: int
    steps_processed: int = 0
    stale_snapshots: int = 0
    exits_beyond_size: int | None = None


@dataclass(frozen=True)
class Run:
    """The figures and how they came about."""

    figures: Figures
    trades: list[NaiveTrade]
    """In opening order."""
    closed: list[NaiveTrade]
    """In closing order."""
    drawdowns_pct: list[float]
    """One for each tradable row processed."""
    most_open_trades: int
    """The largest number open at once."""


def plain_sum(values: Iterable[float]) -> float:
    """Left to right from 0.0, every addition rounded; ``sum()`` compensates since Python 3.12."""
    total = 0.0
    for value in values:
        total = total + value
    return total


def is_tradable(row: Row) -> bool:
    _, bid_a, ask_a, bid_b, ask_b = row
    for price in (bid_a, ask_a, bid_b, ask_b):
        if not math.isfinite(price):
            return False
        if price <= 0.0:
            return False
    return bid_a < ask_a and bid_b < ask_b


def spread_bps(side: str, row: Row) -> float:
    """What opening on this side earns at executable prices."""
    _, bid_a, ask_a, bid_b, ask_b = row
    if side == LONG_A_SHORT_B:
        return (bid_b - ask_a) / ask_a * 10_000
    return (bid_a - ask_b) / ask_b * 10_000


def exit_spread_bps(trade: NaiveTrade, row: Row) -> float:
    """What closing costs: the long leg is sold at the bid, the short leg bought at the ask."""
    _, bid_a, ask_a, bid_b, ask_b = row
    if trade.side == LONG_A_SHORT_B:
        return (ask_b - bid_a) / trade.entry_price * 10_000
    return (ask_a - bid_b) / trade.entry_price * 10_000


def better_side(row: Row) -> str:
    if spread_bps(LONG_A_SHORT_B, row) >= spread_bps(LONG_B_SHORT_A, row):
        return LONG_A_SHORT_B
    return LONG_B_SHORT_A


def execution_cost_bps(params: Params) -> float:
    """One execution of both legs."""
    return params.taker_fee_a_bps + params.taker_fee_b_bps + params.slippage_bps


def threshold_bps(params: Params) -> float:
    return params.min_spread_bps + execution_cost_bps(params)


def pnl_bps_if_closed(trade: NaiveTrade, row: Row, params: Params) -> float:
    both_executions = 2 * execution_cost_bps(params)
    return trade.entry_spread_bps - exit_spread_bps(trade, row) - both_executions


def pnl_usd_if_closed(trade: NaiveTrade, row: Row, params: Params) -> float:
    return pnl_bps_if_closed(trade, row, params) / 10_000 * trade.notional_usd


def close_trade(trade: NaiveTrade, timestamp: str, met: Row, params: Params) -> None:
    trade.close_timestamp = timestamp
    trade.exit_spread_bps = exit_spread_bps(trade, met)
    trade.pnl_bps = pnl_bps_if_closed(trade, met, params)
    trade.pnl_usd = pnl_usd_if_closed(trade, met, params)


def closed_pnls_usd(closed: Sequence[NaiveTrade]) -> list[float]:
    return [trade.pnl_usd for trade in closed if trade.pnl_usd is not None]


def is_stale(more: More, params: Params) -> bool:
    limit = params.max_quote_age_ms
    return limit is not None and max(more.age_a_ms, more.age_b_ms) > limit


class Market:
    """The tradable rows of one config, looked up by their place among themselves."""

    def __init__(self, rows: Sequence[Row], more: Sequence[More], params: Params) -> None:
        self.params = params
        self.numbers = [
            number
            for number, row in enumerate(rows)
            if is_tradable(row) and not is_stale(more[number], params)
        ]
        self.rows = [rows[number] for number in self.numbers]
        self.more = [more[number] for number in self.numbers]
        self.latencies = [round(params.latency_a_ms * 1e6), round(params.latency_b_ms * 1e6)]

    def place_met(self, decided_at: int, latency: int) -> int:
        if latency == 0:
            return decided_at
        arrival = self.more[decided_at].t_ns + latency
        return max(at for at, more in enumerate(self.more) if more.t_ns <= arrival)

    def places_met(self, decided_at: int) -> tuple[int, int]:
        at_a, at_b = (self.place_met(decided_at, latency) for latency in self.latencies)
        return at_a, at_b

    def row_met(self, decided_at: int) -> Row:
        at_a, at_b = self.places_met(decided_at)
        return self.rows[at_a][:3] + self.rows[at_b][3:]

    def place_of_effect(self, decided_at: int) -> int | None:
        flight = max(self.latencies)
        if flight == 0:
            return decided_at
        landing = self.more[decided_at].t_ns + flight
        return next((at for at, more in enumerate(self.more) if more.t_ns > landing), None)

    def is_due(self, trade: NaiveTrade, at: int) -> bool:
        """Whether the rules of exit close the trade on the row at this place."""
        params = self.params
        if (
            params.close_on_spread_reversal
            and spread_bps(trade.side, self.rows[at]) < params.exit_spread_bps
        ):
            return True
        if params.max_holding_seconds is None:
            return False
        held = self.more[at].t_ns - self.more[trade.decided_at].t_ns
        return held >= round(params.max_holding_seconds * 1e9)

    def leg(self, at: int, name: str) -> tuple[float, float]:
        """The price and the size of one quote."""
        prices = dict(zip(("bid_a", "ask_a", "bid_b", "ask_b"), self.rows[at][1:], strict=True))
        kind, venue = name.split("_")
        return prices[name], getattr(self.more[at], f"{kind}_size_{venue}")

    def notional_usd(self, side: str, at: int) -> float:
        params = self.params
        if params.size_share is None:
            return params.max_position_usd
        long_ask, short_bid = entry_legs(side)
        ask, ask_size = self.leg(at, long_ask)
        _, bid_size = self.leg(at, short_bid)
        capacity = (params.size_share * min(ask_size, bid_size)) * ask
        return min(params.max_position_usd, capacity)

    def was_hit(self, name: str, at: int, hits: Sequence[tuple[int, str]]) -> bool:
        """Whether some decision hit this quote and it has stood unchanged since."""
        if self.params.size_share is None:
            return False
        for hit_at, hit_name in hits:
            stands = {self.leg(place, name) for place in range(hit_at, at + 1)}
            if hit_name == name and len(stands) == 1:
                return True
        return False

    def is_beyond_size(self, trade: NaiveTrade, decided_at: int) -> bool:
        share = self.params.size_share
        if share is None:
            return False
        at_a, at_b = self.places_met(decided_at)
        bid, ask = ("bid_a", "ask_b") if trade.side == LONG_A_SHORT_B else ("bid_b", "ask_a")
        sizes = [self.leg(at_a if name[-1] == "a" else at_b, name)[1] for name in (bid, ask)]
        return any(trade.notional_usd / trade.entry_price > share * size for size in sizes)


def entry_legs(side: str) -> tuple[str, str]:
    """The quotes that opening takes."""
    return ("ask_a", "bid_b") if side == LONG_A_SHORT_B else ("ask_b", "bid_a")


class Replay:
    """One run, row by row, with everything that has come about so far."""

    def __init__(self, market: Market, params: Params) -> None:
        self.market = market
        self.params = params
        self.trades: list[NaiveTrade] = []
        self.still_open: list[NaiveTrade] = []
        self.closed: list[NaiveTrade] = []
        self.orders: list[tuple[int | None, int, str, NaiveTrade]] = []
        """(place of effect, place of decision, "open" or "close", trade), as they were decided."""
        self.hits: list[tuple[int, str]] = []
        self.drawdowns_pct: list[float] = []
        self.most_open_trades = 0
        self.unrealized = 0.0
        self.peak = params.initial_balance_usd

    def step(self, at: int) -> None:
        """Land, close, open, mark."""
        self.take_effects(at)
        self.close(at)
        self.take_effects(at)
        self.open(at)
        self.take_effects(at)
        self.most_open_trades = max(self.most_open_trades, len(self.still_open))
        self.mark(at)

    def take_effects(self, at: int) -> None:
        for order in list(self.orders):
            effect_at, decided_at, what, trade = order
            if effect_at != at:
                continue
            self.orders.remove(order)
            met, timestamp = self.market.row_met(decided_at), self.market.rows[at][0]
            if what == "open":
                trade.entry_price = met[2] if trade.side == LONG_A_SHORT_B else met[4]
                trade.entry_spread_bps = spread_bps(trade.side, met)
                trade.open_timestamp = timestamp
                self.trades.append(trade)
                self.still_open.append(trade)
            else:
                close_trade(trade, timestamp, met, self.params)
                trade.beyond_size = self.market.is_beyond_size(trade, decided_at)
                self.still_open.remove(trade)
                self.closed.append(trade)

    def close(self, at: int) -> None:
        for trade in self.still_open:
            if not trade.is_leaving and self.market.is_due(trade, at):
                trade.is_leaving = True
                self.orders.append((self.market.place_of_effect(at), at, "close", trade))

    def open(self, at: int) -> None:
        side = better_side(self.market.rows[at])
        if not self.may_open(side, at):
            return
        self.hits += [(at, name) for name in entry_legs(side)]
        new = NaiveTrade(side, notional_usd=self.market.notional_usd(side, at), decided_at=at)
        self.orders.append((self.market.place_of_effect(at), at, "open", new))

    def may_open(self, side: str, at: int) -> bool:
        params = self.params
        entries = len([order for order in self.orders if order[2] == "open"])
        notional = self.market.notional_usd(side, at)
        return (
            len(self.still_open) + entries < params.max_open_trades
            and spread_bps(side, self.market.rows[at]) >= threshold_bps(params)
            and notional > 0
            and (params.size_share is None or notional >= params.min_position_usd)
            and not any(self.market.was_hit(name, at, self.hits) for name in entry_legs(side))
        )

    def mark(self, at: int) -> None:
        row, params = self.market.rows[at], self.params
        realized = plain_sum(closed_pnls_usd(self.closed))
        self.unrealized = plain_sum(pnl_usd_if_closed(one, row, params) for one in self.still_open)
        equity = (params.initial_balance_usd + realized) + self.unrealized
        self.peak = max(self.peak, equity)
        self.drawdowns_pct.append((self.peak - equity) / self.peak * 100)


def backtest(rows: Sequence[Row], params: Params, more: Sequence[More] | None = None) -> Run:
    extras = [More() for _ in rows] if more is None else more
    replay = Replay(Market(rows, extras, params), params)
    stop_pct = 100.0 if params.stop_on_drawdown_pct is None else params.stop_on_drawdown_pct
    steps = len(rows) if params.max_steps is None else min(len(rows), params.max_steps)
    stopped_row: int | None = None
    for at, number in enumerate(replay.market.numbers):
        if number >= steps:
            break
        replay.step(at)
        if replay.drawdowns_pct[-1] >= stop_pct:
            stopped_row = number
            steps = number + 1
            break
    figures = figures_of(replay, rows, stopped_row)
    about_the_file = replace(
        figures,
        steps_processed=steps,
        stale_snapshots=len([one for one in extras if is_stale(one, params)]),
    )
    return Run(
        about_the_file,
        replay.trades,
        replay.closed,
        replay.drawdowns_pct,
        replay.most_open_trades,
    )


def figures_of(replay: Replay, rows: Sequence[Row], stopped_row: int | None) -> Figures:
    params, closed = replay.params, replay.closed
    pnls = closed_pnls_usd(closed)
    realized = plain_sum(pnls)
    wins = len([pnl for pnl in pnls if pnl > 0])
    beyond_size = len([trade for trade in closed if trade.beyond_size])
    return Figures(
        total_trades=len(replay.trades),
        closed_trades=len(closed),
        open_trades=len(replay.still_open),
        final_balance_usd=params.initial_balance_usd + realized,
        realized_pnl_usd=realized,
        max_drawdown_pct=max([0.0, *replay.drawdowns_pct]),
        win_rate=wins / len(closed) if closed else 0.0,
        avg_pnl_per_trade_usd=realized / len(closed) if closed else 0.0,
        unrealized_pnl_usd=replay.unrealized,
        net_pnl_usd=realized + replay.unrealized,
        stopped_row=stopped_row,
        stopped_timestamp=None if stopped_row is None else rows[stopped_row][0],
        skipped_snapshots=len(rows) - len(replay.market.rows),
        total_snapshots=len(rows),
        winning_trades=wins,
        losing_trades=len([pnl for pnl in pnls if pnl < 0]),
        exits_beyond_size=None if params.size_share is None else beyond_size,
    )
