"""The replay over trips against the oracle, wherever the stretches of a turn end."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.replay.kernel_calls import read_only
from arbitrage.replay.kernels.layout import RunTotals, Shape, Sizes
from arbitrage.replay.kernels.options.replay_trips import replay_trips
from arbitrage.replay.kernels.options.sizes import fill_changes
from arbitrage.replay.kernels.options.trips import spreads_of
from tests.helpers.inputs import options
from tests.helpers.inputs.examples import examples
from tests.helpers.oracles import naive

DRAWDOWN = 1e-9
randoms = options.randoms


@examples(60)
@given(randoms, st.integers(1, 130), st.integers(60, 180))
def test_the_replay_over_trips_is_the_oracle(random: Random, stretch: int, n_rows: int) -> None:
    market, more = options.market(random, n_rows)
    runs = options.of_one_shape(random, 4, max_quote_age_ms=None)
    parameters, wanted = options.parameters_of(runs), options.options_of(runs)
    rows = options.rows_of(market, more)
    shape = Shape._make(column[0] for column in wanted[:4])
    tally = np.zeros((len(RunTotals._fields), len(runs)))
    sizes = Sizes(wanted.size_share, wanted.least_usd)
    replay_trips(rows, spreads_of(rows), shape, stretch, parameters, sizes, tally, None)
    for place, run in enumerate(runs):
        figures = naive.backtest(market, run, more).figures
        wanted_totals = [
            figures.total_trades,
            figures.closed_trades,
            figures.winning_trades,
            figures.realized_pnl_usd,
            figures.unrealized_pnl_usd,
            pytest.approx(figures.max_drawdown_pct, abs=DRAWDOWN, rel=0),
            -1 if figures.stopped_row is None else figures.stopped_row,
            figures.exits_beyond_size or 0,
        ]
        assert tally[:, place].tolist() == wanted_totals, run


@examples(60)
@given(st.lists(st.tuples(st.sampled_from([1.0, 2.0]), st.sampled_from([5.0, 6.0]))), st.data())
def test_a_quote_stands_until_it_changes_wherever_stretches_end(
    quotes: list[tuple[float, float]], data: st.DataObject
) -> None:
    stretch = data.draw(st.integers(1, len(quotes) + 1))
    prices, sizes = (read_only(np.array([quote[at] for quote in quotes])) for at in (0, 1))
    found: list[int] = []
    changed = 0
    for start in range(0, len(quotes), stretch):
        end = min(start + stretch, len(quotes))
        part = np.empty(end - start, np.int64)
        changed = fill_changes(prices, sizes, start, end, changed, part)
        found += part.tolist()
    for row, quote in enumerate(quotes):
        others = [at for at in range(row + 1, len(quotes)) if quotes[at] != quote]
        assert found[row] == min(others, default=len(quotes))
