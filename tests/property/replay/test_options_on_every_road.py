"""The options on every road from a file to figures: runner, sweep and chunk against the oracle."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given

from arbitrage import arbitrage_tuning
from arbitrage.arbitrage_tuning import ArbitrageTuningRunner
from arbitrage.documents.config import NUMERIC_FIELDS, TuningConfig
from arbitrage.documents.figures import FIGURE_NAMES, NULLABLE_COUNTS
from arbitrage.replay.many_configs import open_data, replay, replay_one
from arbitrage.replay.roads import FEWEST_BY_TRIPS
from arbitrage.sweep import SweepSpec, run_sweep
from tests.conftest import quotes_csv
from tests.helpers.inputs import options
from tests.helpers.inputs.examples import examples
from tests.helpers.inputs.options import Market
from tests.helpers.oracles import naive, terms
from tests.helpers.oracles.terms import Params
from worker.running.jobs.chunk_figures import packed, unpacked

DRAWDOWN = 1e-9
randoms = options.randoms


def config(path: Path, params: Params) -> TuningConfig:
    return TuningConfig(
        data_file=str(path), **{name: getattr(params, name) for name in NUMERIC_FIELDS}
    )


def expected(market: Market, params: Params) -> dict[str, Any]:
    rows, more = market
    return asdict(naive.backtest(rows, params, more).figures)


def assert_equal(found: dict[str, Any], wanted: dict[str, Any], params: Params) -> None:
    assert {name: found[name] for name in FIGURE_NAMES} == {
        **{name: wanted[name] for name in FIGURE_NAMES},
        "max_drawdown_pct": pytest.approx(wanted["max_drawdown_pct"], abs=DRAWDOWN, rel=0),
    }, params


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("markets")


def drawn(random: Random, folder: Path, n_rows: int = 60) -> tuple[Market, Path]:
    market = options.readable(options.market(random, n_rows))
    if not market[0]:
        market = options.readable(([("1", 0.0, 0.0, 0.0, 0.0)], [terms.More(10**9)]))
    return market, options.csv_file(folder / "quotes.csv", market)


@examples(10)
@given(randoms)
def test_many_configs_at_once_are_the_oracle(folder: Path, random: Random) -> None:
    """By trips, by the plain scan, and without options, with one slot and several."""
    market, path = drawn(random, folder)
    runs = options.of_one_shape(random, FEWEST_BY_TRIPS) + options.of_one_shape(random, 5)
    runs += [options.params(random) for _ in range(2)] + [Params(), Params(max_open_trades=2)]
    columns = {name: [getattr(run, name) for run in runs] for name in NUMERIC_FIELDS}
    data = open_data(path)
    figures = replay(data, columns, len(runs))
    back = {name: column.to_list() for name, column in unpacked(packed(figures, data)).items()}
    for place, run in enumerate(runs):
        found = {name: column[place] for name, column in back.items()}
        nulls = {name: None for name in NULLABLE_COUNTS if found[name] < 0}
        assert_equal({**found, **nulls}, expected(market, run), run)


@examples(7)
@given(randoms)
def test_jobs_are_the_oracle_by_engine_and_by_kernels(folder: Path, random: Random) -> None:
    market, path = drawn(random, folder)
    params = options.params(random)
    wanted = expected(market, params)
    runner = ArbitrageTuningRunner(config(path, params))
    for figures, summary in (runner._streamed(runner.load_snapshots()), runner._replayed()):
        assert_equal(figures, wanted, params)
        assert summary["skipped_snapshots"] == wanted["skipped_snapshots"]
        assert summary["stale_snapshots"] == wanted["stale_snapshots"]


def test_a_sweep_over_every_option_is_its_jobs(folder: Path) -> None:
    _, path = drawn(Random(7), folder, 400)
    grids = [
        {"name": "exit_spread_bps", "values": [0, 2]},
        {"name": "max_holding_seconds", "values": [None, 0.1]},
        {"name": "latency_a_ms", "values": [0, 5]},
        {"name": "max_quote_age_ms", "values": [None, 50]},
        {"name": "size_share", "values": [None, 0.5]},
        {"name": "max_open_trades", "values": [1, 2]},
        {"name": "min_spread_bps", "values": [1, 5]},
    ]
    fixed: dict[str, Any] = {"data_file": str(path), "max_position_usd": 1000}
    costs: dict[str, Any] = dict.fromkeys(
        ("taker_fee_a_bps", "taker_fee_b_bps", "slippage_bps"), 0.1
    )
    fixed |= {**costs, "latency_b_ms": 1, "min_position_usd": 20, "grids": grids}
    spec = SweepSpec(**fixed)
    rows = run_sweep(spec).to_dicts()
    data = open_data(path)
    for number, row in enumerate(rows):
        job = spec.config(number)
        one = replay_one(data, job.model_dump(include=set(NUMERIC_FIELDS)))
        assert {name: row[name] for name in FIGURE_NAMES} == one
        assert {name: row[name] for name in NUMERIC_FIELDS} == job.model_dump(
            include=set(NUMERIC_FIELDS)
        )
    assert json.loads(spec.to_json())["min_position_usd"] == 20
    for name in ("net_pnl_usd", "total_trades", "exits_beyond_size"):
        assert len({row[name] for row in rows}) > 3


CHANGED = {
    "exit_spread_bps": 5.0,
    "max_holding_seconds": 0.001,
    "latency_a_ms": 5.0,
    "latency_b_ms": 5.0,
    "max_quote_age_ms": 10.0,
    "size_share": 0.5,
}


@pytest.mark.parametrize("name", CHANGED)
def test_each_option_changes_a_result(folder: Path, name: str) -> None:
    _, path = drawn(Random(7), folder, 400)
    plain = config(path, Params(min_spread_bps=2.0, max_position_usd=1e6))
    runs = [plain, plain.model_copy(update={name: CHANGED[name]})]
    before, after = (ArbitrageTuningRunner(run).run() for run in runs)
    assert before.net_pnl_usd != after.net_pnl_usd
    assert before.total_trades > 0
    assert after.total_trades > 0
    if name == "size_share":
        least = runs[1].model_copy(update={"min_position_usd": 100.0})
        assert ArbitrageTuningRunner(least).run().total_trades < after.total_trades


@pytest.mark.parametrize("way", ["engine", "kernels"])
@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("max_quote_age_ms", ["age_a_ms", "age_b_ms"]),
        ("size_share", ["bid_size_a", "ask_size_a", "bid_size_b", "ask_size_b"]),
    ],
)
def test_a_file_without_the_columns_of_an_option_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, missing: list[str], way: str
) -> None:
    path = tmp_path / "quotes.csv"
    path.write_text(quotes_csv(), encoding="utf-8")
    if way == "kernels":
        everything = arbitrage_tuning._Limits(0, 0)
        monkeypatch.setattr(arbitrage_tuning, "_WHERE_KERNELS_ARE_LOADED", everything)
    job = config(path, Params()).model_copy(update={name: 1.0})
    with pytest.raises(RuntimeError) as caught:
        ArbitrageTuningRunner(job).run()
    assert isinstance(caught.value.__cause__, ValueError)
    assert str(caught.value.__cause__) == (
        f"{name} needs columns that the data file {str(path)!r} does not have: {', '.join(missing)}"
    )
