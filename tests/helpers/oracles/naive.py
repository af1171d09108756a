"""The trading model once more, slow and obvious: the oracle of every faster path (docs/model.md).

What a row, a config, a trade and a figure are, and the formulas, stand in `terms.py`. Like there,
nothing is imported from the product.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.helpers.oracles.terms import (
    LONG_A_SHORT_B,
    Figures,
    More,
    NaiveTrade,
    Params,
    Row,
    Run,
    better_side,
    close_trade,
    closed_pnls_usd,
    entry_legs,
    is_stale,
    is_tradable,
    plain_sum,
    pnl_usd_if_closed,
    spread_bps,
    threshold_bps,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


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
        self.realized = 0.0
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
                self.realized += close_trade(trade, timestamp, met, self.params)
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
        self.unrealized = plain_sum(pnl_usd_if_closed(one, row, params) for one in self.still_open)
        equity = (params.initial_balance_usd + self.realized) + self.unrealized
        self.peak = max(self.peak, equity)
        self.drawdowns_pct.append((self.peak - equity) / self.peak * 100)


def backtest(rows: Sequence[Row], params: Params, more: Sequence[More] | None = None) -> Run:
    extras = [More()] * len(rows) if more is None else more
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
