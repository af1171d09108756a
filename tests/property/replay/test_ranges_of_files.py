"""A range of a file is a file of its own: the oracle on its rows alone has the same figures."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given

from arbitrage.documents.config import NUMERIC_FIELDS
from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.replay import kernel_calls
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.many_configs import open_data, replay, replay_one
from arbitrage.replay.roads import FEWEST_BY_TRIPS
from tests.helpers.inputs import options
from tests.helpers.inputs.examples import examples
from tests.helpers.inputs.options import Market
from tests.helpers.oracles import naive, terms
from tests.helpers.oracles.terms import Params


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("markets")


def drawn(random: Random, folder: Path, n_rows: int = 60) -> tuple[Market, OpenedFile]:
    market = options.readable(options.market(random, n_rows))
    if not market[0]:
        market = options.readable(([("1", 0.0, 0.0, 0.0, 0.0)], [terms.More(10**9)]))
    return market, open_data(options.csv_file(folder / "quotes.csv", market))


def without_options(random: Random) -> Params:
    defaults = Params()
    names = ("exit_spread_bps", "max_holding_seconds", "latency_a_ms", "latency_b_ms")
    plain = {name: getattr(defaults, name) for name in (*names, "max_quote_age_ms", "size_share")}
    return replace(options.params(random), **plain)


def expected(market: Market, params: Params, first: int, stop: int) -> dict[str, Any]:
    rows, more = market
    found = asdict(naive.backtest(rows[first:stop], params, more[first:stop]).figures)
    if found["stopped_row"] is not None:
        found["stopped_row"] += first
    return found


def assert_equal(data: OpenedFile, market: Market, params: Params, first: int, stop: int) -> None:
    wanted = expected(market, params, first, stop)
    found = replay_one(data, {name: getattr(params, name) for name in NUMERIC_FIELDS})
    assert {name: found[name] for name in FIGURE_NAMES} == {
        **{name: wanted[name] for name in FIGURE_NAMES},
        "max_drawdown_pct": pytest.approx(wanted["max_drawdown_pct"], abs=1e-9, rel=0),
    }, params
    skipped, stale = data.skipped_and_stale(params.max_quote_age_ms)
    assert (skipped, stale) == (wanted["skipped_snapshots"], wanted["stale_snapshots"])


@examples(12)
@given(options.randoms)
def test_a_range_is_a_file_of_its_rows(folder: Path, random: Random) -> None:
    market, data = drawn(random, folder)
    first, stop = sorted(random.randint(0, len(market[0])) for _ in range(2))
    part = data.between(first, stop)
    assert part.rows == stop - first
    for params in (options.params(random), without_options(random), without_options(random)):
        assert_equal(part, market, params, first, stop)


@examples(5)
@given(options.randoms)
def test_many_configs_by_trips_see_the_range_alone(folder: Path, random: Random) -> None:
    market, data = drawn(random, folder)
    first, stop = sorted(random.randint(0, len(market[0])) for _ in range(2))
    runs = options.of_one_shape(random, FEWEST_BY_TRIPS + 1)
    columns = {name: [getattr(run, name) for run in runs] for name in NUMERIC_FIELDS}
    figures = replay(data.between(first, stop), columns, len(runs))
    for place, run in enumerate(runs):
        wanted = expected(market, run, first, stop)
        for name in ("total_trades", "net_pnl_usd", "closed_trades"):
            assert figures[name][place] == wanted[name], run


def test_ranges_are_made_block_by_block(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    market, data = drawn(Random(4), folder, 400)
    rows = len(market[0])
    monkeypatch.setattr(kernel_calls, "_ROWS_AT_ONCE", 7)
    part = data.between(rows // 5, rows - 3)
    assert len(part.with_options.rows.row) > 50
    for params in (Params(min_spread_bps=2.0), Params(max_open_trades=3)):
        assert_equal(part, market, params, rows // 5, rows - 3)


def test_a_range_of_a_range_is_one_of_the_file(folder: Path) -> None:
    market, data = drawn(Random(5), folder, 400)
    rows = len(market[0])
    assert rows > 40
    part = data.between(10, rows).between(20, 40)
    assert_equal(part, market, Params(min_spread_bps=2.0), 20, 40)
    assert part.timestamp(20) == market[0][20][0]
    with pytest.raises(IndexError, match=r"rows 5 to 40 of rows 10 to \d+"):
        data.between(10, rows).between(5, 40)
    with pytest.raises(IndexError, match=rf"rows 0 to {rows + 1} of a file of {rows}"):
        data.between(0, rows + 1)


def test_the_rows_after_a_moment_are_found(tmp_path: Path) -> None:
    """Of rows with one stamp all are found; a row that is not tradable has its time, too."""
    stamps = ("2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z", "2024-01-01T02:00:01+02:00")
    rows: list[terms.Row] = [(stamp, 1.0, 2.0, 3.0, 4.0) for stamp in stamps]
    rows[1] = (stamps[1], 0.0, 2.0, 3.0, 4.0)
    data = open_data(options.csv_file(tmp_path / "quotes.csv", (rows, [terms.More()] * 3)))
    start = data.moment_ns(0)
    assert [data.moment_ns(row) - start for row in range(3)] == [0, 10**9, 10**9]
    moments = (-1, 0, 1, 10**9 - 1, 10**9)
    assert [data.row_after(start + moment) for moment in moments] == [0, 1, 1, 1, 3]
