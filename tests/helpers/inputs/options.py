"""Markets and parameters that reach every option of the model, drawn from a random source."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from hypothesis import strategies as st

from arbitrage.arbitrage_core import OrderBookSnapshot
from arbitrage.replay.kernel_calls import read_only
from arbitrage.replay.kernels.layout import Options, Parameters, Rows
from tests.helpers.oracles import terms
from tests.helpers.oracles.terms import More, Params, Row

START_NS = 1_700_000_000_000_000_000
GAPS_NS = (0, 0, 1, 10**6, 5 * 10**6, 10**7, 10**8, 10**9)
SIZES = (0.0, 0.5, 1.0, 5.0, 20.0)
AGES_MS = (0.0, 1.0, 10.0, 50.0, 100.5, math.inf)
Market = tuple[list[Row], list[More]]

# By their seeds: numbers that hypothesis itself chooses are so often 0 that hardly a market trades.
randoms = st.integers(0, 2**32 - 1).map(Random)


def market(random: Random, n_rows: int = 60) -> Market:
    """Equal stamps and gaps, quotes that stand and quotes that move, one row in twelve broken."""
    rows: list[Row] = []
    more: list[More] = []
    now, mid, basis_bps = START_NS, 100.0, 0.0
    prices = _prices(mid, basis_bps)
    for _ in range(random.randint(0, n_rows)):
        now += random.choice(GAPS_NS)
        stands = random.random() < 0.3
        if not stands:
            mid *= 1 + random.gauss(0, 3) / 1e4
            basis_bps = 0.8 * basis_bps + random.gauss(0, 8)
            prices = _prices(mid, basis_bps)
        cells = list(prices)
        if random.random() < 0.08:
            cells[random.randrange(4)] = random.choice([0.0, -1.0, math.nan, math.inf])
        rows.append((str(now), cells[0], cells[1], cells[2], cells[3]))
        more.append(_more(random, now, more[-1] if more and stands else None))
    return rows, more


def _more(random: Random, now: int, before: More | None) -> More:
    """With the sizes of the row before, where there is one, but for one in ten."""
    sizes = {
        name: getattr(before, name) if before and random.random() < 0.9 else random.choice(SIZES)
        for name in ("bid_size_a", "ask_size_a", "bid_size_b", "ask_size_b")
    }
    return More(t_ns=now, age_a_ms=random.choice(AGES_MS), age_b_ms=random.choice(AGES_MS), **sizes)


def _prices(mid: float, basis_bps: float) -> tuple[float, float, float, float]:
    mid_b = mid * (1 + basis_bps / 1e4)
    return mid * 0.9999, mid * 1.0001, mid_b * 0.9999, mid_b * 1.0001


def params(random: Random) -> Params:
    """Each option is on in about half of the draws."""

    def maybe(values: Sequence[float], share: float = 0.5) -> float | None:
        return random.choice(values) if random.random() < share else None

    return Params(
        min_spread_bps=random.choice([0.0, 2.0, 5.0, 10.0]),
        taker_fee_a_bps=random.choice([0.0, 1.0]),
        max_position_usd=random.choice([50.0, 1_000.0, 1e6]),
        max_open_trades=random.choice([1, 1, 2, 3, 10]),
        initial_balance_usd=random.choice([100.0, 10_000.0]),
        stop_on_drawdown_pct=maybe([0.01, 0.1, 1.0, 5.0], 0.3),
        exit_spread_bps=maybe([-5.0, -1.0, 2.0, 5.0, 20.0]) or 0.0,
        max_holding_seconds=maybe([1e-9, 0.001, 0.01, 0.1, 1.0, 3.0]),
        latency_a_ms=maybe([1e-6, 1.0, 5.0, 10.0, 100.0, 1_000.0, 1e7]) or 0.0,
        latency_b_ms=maybe([1e-6, 1.0, 5.0, 10.0, 50.0, 1_000.0]) or 0.0,
        max_quote_age_ms=maybe([0.0, 1.0, 50.0, 100.5, 1e9], 0.3),
        size_share=maybe([0.1, 0.5, 1.0]),
        min_position_usd=maybe([10.0, 50.0, 100.0], 0.3) or 0.0,
    )


OF_NO_SHAPE = (
    "min_spread_bps",
    "taker_fee_a_bps",
    "max_position_usd",
    "initial_balance_usd",
    "stop_on_drawdown_pct",
    "size_share",
    "min_position_usd",
)


def of_one_shape(random: Random, count: int, **fixed: Any) -> list[Params]:
    """Runs with one slot that differ in nothing that shapes the rows."""
    first = replace(params(random), max_open_trades=1, **fixed)
    others = [params(random) for _ in range(count - 1)]
    varied = [{name: getattr(other, name) for name in OF_NO_SHAPE} for other in others]
    return [first, *(replace(first, **values) for values in varied)]


def snapshots(rows: Sequence[Row], more: Sequence[More]) -> list[OrderBookSnapshot]:
    return [
        OrderBookSnapshot(
            *row,
            one.bid_size_a,
            one.ask_size_a,
            one.bid_size_b,
            one.ask_size_b,
            _age(one.age_a_ms),
            _age(one.age_b_ms),
        )
        for row, one in zip(rows, more, strict=True)
    ]


def _age(age_ms: float) -> float:
    """An unknown age as a file has it."""
    return math.nan if math.isinf(age_ms) else age_ms


def rows_of(rows: Sequence[Row], more: Sequence[More]) -> Rows:
    """The tradable rows as the kernels take them."""
    kept = [number for number, row in enumerate(rows) if terms.is_tradable(row)]
    found = [more[number] for number in kept]
    prices = [np.array([rows[number][place] for number in kept], float) for place in range(1, 5)]
    names = ("bid_size_a", "ask_size_a", "bid_size_b", "ask_size_b")
    sizes = [np.array([getattr(one, name) for one in found], float) for name in names]
    age_ms = np.array([max(one.age_a_ms, one.age_b_ms) for one in found], float)
    time_ns = np.array([one.t_ns for one in found], np.int64)
    columns = [*prices, *sizes, age_ms, time_ns, np.array(kept, np.int64)]
    # As files have them: for others the kernels would be compiled anew.
    return Rows._make(map(read_only, columns))


def parameters_of(runs: Sequence[Params]) -> Parameters:
    cost = np.array([terms.execution_cost_bps(run) for run in runs])
    return Parameters(
        threshold=np.array([run.min_spread_bps for run in runs]) + cost,
        cost=cost,
        notional=np.array([run.max_position_usd for run in runs]),
        slots=np.array([run.max_open_trades for run in runs], np.int64),
        balance=np.array([run.initial_balance_usd for run in runs]),
        stop=np.array([run.stop_on_drawdown_pct or 100.0 for run in runs]),
    )


def options_of(runs: Sequence[Params]) -> Options:
    def holding_ns(seconds: float | None) -> int:
        return -1 if seconds is None else round(seconds * 1e9)

    ages = [run.max_quote_age_ms for run in runs]
    return Options(
        exit_spread=np.array([run.exit_spread_bps for run in runs]),
        holding_ns=np.array([holding_ns(run.max_holding_seconds) for run in runs], np.int64),
        latency_a_ns=np.array([round(run.latency_a_ms * 1e6) for run in runs], np.int64),
        latency_b_ns=np.array([round(run.latency_b_ms * 1e6) for run in runs], np.int64),
        max_age_ms=np.array([math.inf if age is None else age for age in ages]),
        size_share=np.array([run.size_share or math.nan for run in runs]),
        least_usd=np.array([run.min_position_usd for run in runs]),
    )


COLUMNS = (
    "timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b,"
    "bid_size_a,ask_size_a,bid_size_b,ask_size_b,age_a_ms,age_b_ms"
)


def csv_file(path: Path, market: Market) -> Path:
    """The market as a data file."""
    lines = [COLUMNS]
    for row, one in zip(*market, strict=True):
        sizes = (one.bid_size_a, one.ask_size_a, one.bid_size_b, one.ask_size_b)
        ages = ("" if math.isinf(age) else repr(age) for age in (one.age_a_ms, one.age_b_ms))
        lines.append(",".join([row[0], *map(repr, row[1:]), *map(repr, sizes), *ages]))
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def readable(market: Market) -> Market:
    """The market with an empty book for each price that no file may hold."""
    rows, more = market
    return [(row[0], *map(_readable, row[1:])) for row in rows], more  # type: ignore[misc]


def _readable(price: float) -> float:
    return price if 1e-15 <= price <= 1e15 else 0.0
