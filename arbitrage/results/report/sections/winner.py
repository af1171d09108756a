"""What to run: the best config, its equity and its trades."""

from __future__ import annotations

import math
from collections.abc import Iterator

import polars as pl

from arbitrage.documents.config import TuningConfig
from arbitrage.documents.spec.grids import exact
from arbitrage.results.explain.explanation import Explanation
from arbitrage.results.explain.habits import FEW
from arbitrage.results.report.charts.series import area_chart, bar_chart, histogram, line_chart
from arbitrage.results.report.known import Known, number
from arbitrage.results.report.page.parts import Figure, Section, Table
from arbitrage.results.verdict.verdict import COSTS, FEWEST_TRADES

_POINTS = 400
_BINS = 30
_TRADES_SHOWN = 200

_FIGURES = {
    "net_pnl_usd": "net profit, USD",
    "realized_pnl_usd": "realized profit, USD",
    "unrealized_pnl_usd": "profit of open trades, USD",
    "total_trades": "trades",
    "closed_trades": "closed trades",
    "win_rate": "share of closed trades with a profit",
    "avg_pnl_per_trade_usd": "average of a closed trade, USD",
    "max_drawdown_pct": "largest drawdown, %",
    "stopped_timestamp": "stopped by its drawdown at",
}

_TRADE_COLUMNS = {
    "open_time": "opened",
    "close_time": "closed",
    "side": "side",
    "entry_spread_bps": "entry spread, bps",
    "exit_spread_bps": "exit spread, bps",
    "notional_usd": "notional, USD",
    "pnl_usd": "profit, USD",
    "ended_by": "ended by",
}


def winner_section(known: Known) -> Section:
    """The best config in a sentence, its figures, and what it did where the data are there."""
    if known.best is None or known.config is None:
        return Section("winner", "The best config", "none", ["No config may be ranked."])
    explanation = known.explanation
    return Section(
        "winner",
        "The best config",
        known.told(known.config) or f"config {known.best['config_number']}",
        [*_sentences(known)],
        tables=[_figures(known)],
        figures=[] if explanation is None else [*_pictures(explanation)],
        folded=[] if explanation is None else [_trades(explanation)],
    )


def _sentences(known: Known) -> Iterator[str]:
    yield from known.no_evidence
    best = known.best or {}
    trades = "1 trade" if best["total_trades"] == 1 else f"{best['total_trades']:,} trades"
    yield (
        f"Config {best['config_number']:,} of {known.spec.total:,} comes first by "
        f"{known.spec.rank_by}: it earned {number(best['net_pnl_usd'])} USD net in {trades}, "
        f"with a drawdown of {number(best['max_drawdown_pct'])} % at most."
    )
    if known.config is not None:
        yield _threshold(known.config)
    if best["win_rate"] == 1 and best["unrealized_pnl_usd"] < 0:
        yield (
            "No closed trade lost; losses sit in open trades: "
            f"{number(best['unrealized_pnl_usd'])} USD at the end."
        )
    if known.explanation is not None:
        yield from _habits(known.explanation)
    if known.data is None:
        yield f"Its trades and its equity are not shown: {known.why_no_data}"


def _threshold(config: TuningConfig) -> str:
    cost_bps = math.fsum(getattr(config, name) for name in COSTS)
    return (
        f"min_spread_bps is above the cost of one execution: a trade opens at a spread of "
        f"{exact(config.min_spread_bps)} + {cost_bps:.6g} = {config.min_spread_bps + cost_bps:.6g} "
        "bps."
    )


def _habits(explanation: Explanation) -> Iterator[str]:
    habits = explanation.habits
    if habits.median_holding_seconds is not None and habits.exposure is not None:
        yield (
            f"It held a trade for {number(habits.median_holding_seconds)} s at the median, and had "
            f"one open {habits.exposure:.1%} of the time."
        )
    if habits.best_five_share is not None and explanation.metrics.closed_trades >= FEWEST_TRADES:
        yield f"Its best {FEW} trades made {habits.best_five_share:.1%} of the realized profit."


def _figures(known: Known) -> Table:
    best = known.best or {}
    rows = [
        (told, value if isinstance(value, str) else number(value))
        for name, told in _FIGURES.items()
        if (value := best[name]) is not None
    ]
    return Table("Its figures", ("figure", "value"), rows)


def _pictures(explanation: Explanation) -> Iterator[Figure]:
    curve = thinned(explanation.equity, _POINTS)
    if curve.height:
        told = ["time", "row", "equity_usd", "drawdown_pct"]
        table = Table(
            f"Equity and drawdown at {curve.height:,} of {explanation.equity.height:,} rows",
            ("time", "row", "equity, USD", "drawdown, %"),
            [
                (time, f"{row:,}", number(equity), number(drawdown, 3))
                for time, row, equity, drawdown in curve.iter_rows()
            ],
        )
        yield Figure(
            "equity",
            "Equity over the rows of the file, in USD.",
            line_chart(curve, "row", "equity_usd", told),
            table,
        )
        yield Figure(
            "drawdown",
            "Drawdown over the rows of the file, in percent.",
            area_chart(curve, "row", "drawdown_pct", told),
            table,
        )
    yield _money(explanation)
    if explanation.trades["pnl_usd"].drop_nulls().len() >= FEWEST_TRADES:
        yield _profits(explanation.trades)


def _money(explanation: Explanation) -> Figure:
    """From the spreads that were seen to the net profit."""
    money = explanation.money
    rows = [(what, number(usd), number(bps)) for what, usd, bps in money]
    frame = pl.DataFrame(
        [(what, usd) for what, usd, _ in money], schema=["item", "usd"], orient="row"
    )
    return Figure(
        "money",
        "Where the money went, in USD: what brought it, and what it cost.",
        bar_chart(frame, "item", "usd", "USD"),
        Table(
            "Where the money went; bps of the notional of the closed trades",
            ("item", "USD", "bps"),
            rows,
        ),
    )


def thinned(frame: pl.DataFrame, most: int) -> pl.DataFrame:
    """At most so many rows at even distances, the last among them."""
    step = -(-frame.height // most) or 1
    return frame.filter(
        (pl.int_range(pl.len()) % step == 0) | (pl.int_range(pl.len()) == pl.len() - 1)
    )


def _profits(trades: pl.DataFrame) -> Figure:
    """How many trades earned how much."""
    profits = trades["pnl_usd"].drop_nulls()
    low, high = profits.to_numpy().min(), profits.to_numpy().max()
    width = (high - low) / _BINS or 1.0
    places = ((profits - low) / width).floor().clip(0, _BINS - 1).cast(pl.Int64)
    counts = pl.DataFrame({"bin": places}).group_by("bin").len("trades").sort("bin")
    frame = counts.select(
        profit_from=low + pl.col("bin") * width,
        profit_to=low + (pl.col("bin") + 1) * width,
        trades="trades",
    )
    rows = [(number(start), number(end), number(count)) for start, end, count in frame.iter_rows()]
    return Figure(
        "profits",
        "How many closed trades earned how much, in USD.",
        histogram(frame, "profit_from", "profit_to", "trades", "profit of a trade, USD"),
        Table("Closed trades by profit", ("from, USD", "to, USD", "trades"), rows),
    )


def _trades(explanation: Explanation) -> Table:
    trades = explanation.trades
    shown = trades.head(_TRADES_SHOWN).select(*_TRADE_COLUMNS)
    caption = f"Its trades, in the order of closing: {shown.height:,} of {trades.height:,}"
    rows = [
        [value if isinstance(value, str) else number(value) for value in row]
        for row in shown.iter_rows()
    ]
    return Table(caption, [*_TRADE_COLUMNS.values()], rows)
