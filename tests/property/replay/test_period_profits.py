"""Profits per period on every road, against the engine marked row by row."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given

from arbitrage.arbitrage_core import ArbitrageConfig, ArbitrageEngine
from arbitrage.documents.config import NUMERIC_FIELDS
from arbitrage.replay import option_calls
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.kernel_calls import replay_all
from arbitrage.replay.kernels.layout import Floats
from arbitrage.replay.many_configs import open_data, replay
from arbitrage.replay.periods import period_profits as module
from arbitrage.replay.periods.period_clock import Periods
from arbitrage.replay.roads import FEWEST_BY_TRIPS
from tests.helpers.inputs import options
from tests.helpers.inputs.examples import examples
from tests.helpers.inputs.options import Market
from tests.helpers.oracles.terms import Params

randoms = options.randoms
WIDTHS_NS = (10**7, 3 * 10**7, 10**8, 7 * 10**8, 10**9, 10**10)


def periods_of(market: Market, width_ns: int) -> list[int]:
    """The period of each row."""
    numbers = [more.t_ns // width_ns for more in market[1]]
    return [number - numbers[0] for number in numbers]


def expected(market: Market, params: Params, width_ns: int) -> list[float]:
    """The engine, marked on every row that it may trade on."""
    names = ArbitrageConfig.__dataclass_fields__
    engine = ArbitrageEngine(ArbitrageConfig(**{name: getattr(params, name) for name in names}))
    periods = periods_of(market, width_ns)
    realized, at_end = [0.0] * (periods[-1] + 1), [0.0] * (periods[-1] + 1)
    marked = 0.0
    for period, snapshot in zip(periods, options.snapshots(*market), strict=True):
        for trade in engine.on_snapshot(snapshot):
            if not trade.is_open:
                realized[period] += trade.pnl_usd
        if engine.is_tradable(snapshot):
            marked = 0.0
            for trade in engine.get_open_trades():
                exit_bps = trade.exit_spread_on(snapshot)
                marked += trade.pnl_usd_at(exit_bps, 2 * engine.config.cost_bps)
        at_end[period] = marked
    for period in sorted(set(range(len(at_end))) - set(periods)):
        at_end[period] = at_end[period - 1]  # a period without rows
    begins = [0.0, *at_end[:-1]]
    return [
        earned + (end - begin) for earned, end, begin in zip(realized, at_end, begins, strict=True)
    ]


def found(
    data: OpenedFile,
    market: Market,
    runs: list[Params],
    width_ns: int,
    *,
    first_row: int = 0,
    stretch: int = 2_048,
) -> Floats:
    """The profits, wherever the stretches of a turn end."""
    periods = periods_of(market, width_ns)
    ends = np.searchsorted(periods, np.arange(periods[-1] + 1), side="right")
    columns = {name: [getattr(run, name) for run in runs] for name in NUMERIC_FIELDS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(option_calls, "STRETCH", stretch)
        patch.setattr(module, "replay_all", partial(replay_all, stretch=stretch))
        return module.period_profits(data, columns, len(runs), Periods(1, ends + first_row))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("markets")


def drawn(random: Random, folder: Path, n_rows: int = 60) -> tuple[Market, Path]:
    market = options.readable(options.market(random, n_rows))
    while not market[0]:
        market = options.readable(options.market(random, n_rows))
    return market, options.csv_file(folder / "quotes.csv", market)


def some_runs(random: Random) -> list[Params]:
    """By trips, by windows and by the plain scan, with one slot and several."""
    runs = options.of_one_shape(random, FEWEST_BY_TRIPS) + options.of_one_shape(random, 5)
    plain = [
        Params(min_spread_bps=bps, taker_fee_a_bps=fee, max_open_trades=slots)
        for bps, fee in ((0.0, 0.0), (2.0, 0.0), (5.0, 1.0), (10.0, 0.5))
        for slots in (1, 2, 30)
    ]
    return [*runs, *(options.params(random) for _ in range(3)), *plain]


@examples(12)
@given(randoms)
def test_profits_are_those_of_the_engine_marked_row_by_row(folder: Path, random: Random) -> None:
    market, path = drawn(random, folder)
    runs, width_ns = some_runs(random), random.choice(WIDTHS_NS)
    stretch = random.choice((1, 3, 20, 2_048))
    profits = found(open_data(path), market, runs, width_ns, stretch=stretch)
    for place, run in enumerate(runs):
        assert profits[:, place].tolist() == expected(market, run, width_ns), run


@examples(5)
@given(randoms)
def test_they_add_up_to_the_net_profit_of_a_run_without_a_stop(
    folder: Path, random: Random
) -> None:
    market, path = drawn(random, folder, 300)
    runs = [
        replace(run, stop_on_drawdown_pct=None, initial_balance_usd=1e15)
        for run in some_runs(random)
    ]
    columns = {name: [getattr(run, name) for run in runs] for name in NUMERIC_FIELDS}
    data = open_data(path)
    net = replay(data, columns, len(runs))["net_pnl_usd"]
    profits = found(data, market, runs, 10**9)
    moved = np.abs(profits).sum(axis=0)
    assert np.all(np.abs(profits.sum(axis=0) - net) <= 1e-9 * np.maximum(moved, 1e-300))


@examples(5)
@given(randoms)
def test_a_range_of_a_file_has_the_profits_of_its_rows(folder: Path, random: Random) -> None:
    (rows, more), path = drawn(random, folder)
    first = random.randrange(len(rows))
    stop = random.randint(first + 1, len(rows))
    market = rows[first:stop], more[first:stop]
    runs = some_runs(random)
    data = open_data(path).between(first, stop)
    profits = found(data, market, runs, 10**8, first_row=first)
    for place, run in enumerate(runs):
        assert profits[:, place].tolist() == expected(market, run, 10**8), run
