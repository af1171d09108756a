"""The ladder is the config run again by itself; break-evens lie where the net profit ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from arbitrage.arbitrage_tuning import ArbitrageTuningRunner
from arbitrage.documents.config import TuningConfig
from arbitrage.replay.kernels.layout import Floats
from arbitrage.replay.many_configs import open_data
from arbitrage.results.explain import break_even
from arbitrage.results.explain.break_even import break_evens
from arbitrage.results.explain.ladder import Rung, ladder, repeats
from arbitrage.results.explain.resolution import row_seconds
from tests.helpers.inputs import options

OWN: dict[str, Any] = {
    "min_spread_bps": 4,
    "taker_fee_a_bps": 0.5,
    "taker_fee_b_bps": 0.25,
    "slippage_bps": 0.25,
    "max_position_usd": 1000,
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    market = options.readable(options.market(Random(12), 2_000))
    return options.csv_file(tmp_path_factory.mktemp("market") / "quotes.csv", market)


def config(path: Path, **fields: Any) -> TuningConfig:
    return TuningConfig(data_file=str(path), **{**OWN, **fields})


def net(config: TuningConfig, **changes: Any) -> float:
    metrics = ArbitrageTuningRunner(config.model_copy(update=changes)).run()
    assert metrics.net_pnl_usd is not None
    return metrics.net_pnl_usd


def at_cost(config: TuningConfig, cost_bps: float) -> float:
    return net(config, taker_fee_a_bps=0.0, taker_fee_b_bps=0.0, slippage_bps=cost_bps)


@pytest.mark.parametrize(
    "fields", [{}, {"size_share": 0.5, "latency_a_ms": 3.0, "max_open_trades": 2}]
)
def test_each_rung_is_a_run_of_its_own(path: Path, fields: dict[str, Any]) -> None:
    own = config(path, **fields)
    changes = {
        "as it is": {},
        "latency 0 ms": {"latency_a_ms": 0.0, "latency_b_ms": 0.0},
        "latency 50 ms": {"latency_a_ms": 50.0, "latency_b_ms": 50.0},
        "latency 200 ms": {"latency_a_ms": 200.0, "latency_b_ms": 200.0},
        "displayed size": {"size_share": fields.get("size_share", 1.0)},
        "1 bp more cost": {"slippage_bps": 1.25},
    }
    runs = {
        what: ArbitrageTuningRunner(own.model_copy(update=change)).run()
        for what, change in changes.items()
    }
    assert ladder(own, open_data(path)) == [
        Rung(what, run.net_pnl_usd, run.closed_trades)  # type: ignore[arg-type]
        for what, run in runs.items()
    ]
    assert len({run.net_pnl_usd for run in runs.values()}) >= 4


def test_a_file_without_sizes_has_no_rung_of_them(tmp_path: Path) -> None:
    plain = tmp_path / "plain.csv"
    plain.write_text("timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b\n1,1,2,3,4\n")
    rungs = [rung.what for rung in ladder(config(plain), open_data(plain))]
    assert "displayed size" not in rungs
    assert len(rungs) == 5


def test_a_file_without_usable_times_has_no_rungs_of_latency(tmp_path: Path) -> None:
    old = tmp_path / "old.csv"
    header = "timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b\n"
    old.write_text(f"{header}1500-01-01T00:00:00Z,1,2,3,4\n")
    data = open_data(old)
    assert [rung.what for rung in ladder(config(old), data)] == ["as it is", "1 bp more cost"]
    assert break_evens(config(old), data).latency_ms is None
    assert row_seconds(data) is None


@pytest.mark.parametrize(
    "fields", [{}, {"exit_spread_bps": 1.0}, {"latency_b_ms": 1.0, "max_open_trades": 3}]
)
def test_at_the_break_even_cost_the_profit_ends(path: Path, fields: dict[str, Any]) -> None:
    own = config(path, **fields)
    assert net(own) > 0
    cost = break_evens(own, open_data(path)).cost_bps
    assert cost is not None
    assert cost > 1.0
    assert at_cost(own, cost - 0.002) > 0
    assert at_cost(own, cost + 0.002) <= 0
    steps = np.linspace(1.0, cost - 0.002, 8)
    assert all(at_cost(own, step) > 0 for step in steps)


def test_what_loses_has_its_break_even_below_its_costs(path: Path) -> None:
    own = config(path, taker_fee_a_bps=9.0)
    assert net(own) < 0
    cost = break_evens(own, open_data(path)).cost_bps
    assert cost is not None
    assert cost < 9.5
    assert at_cost(own, cost - 0.002) > 0
    assert at_cost(own, cost + 0.002) <= 0


def test_what_loses_without_costs_has_none(path: Path) -> None:
    own = config(path, exit_spread_bps=10_000.0, min_spread_bps=0)
    assert at_cost(own, 0.0) < 0
    assert break_evens(own, open_data(path)) == (None, 0.0)


def test_at_the_break_even_latency_the_profit_ends(path: Path) -> None:
    own = config(path)
    latency = break_evens(own, open_data(path)).latency_ms
    assert latency is not None

    def at_latency(ms: float) -> float:
        return net(own, latency_a_ms=ms, latency_b_ms=ms)

    assert at_latency(latency) <= 0 < at_latency(latency - 0.1)


def test_a_profit_at_any_latency_has_no_break_even(tmp_path: Path) -> None:
    calm = tmp_path / "calm.csv"
    header = "timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b\n"
    good, closes = "127.9,128,129,129.1", "127.9,128,127.9,128"
    rows = [f"{second * 1_000},{good}" for second in range(1, 4)]
    rows += [f"{second * 1_000},{closes}" for second in range(4, 7)]
    calm.write_text(header + "\n".join([*rows, ""]))
    data = open_data(calm)
    assert break_evens(config(calm), data).latency_ms is None
    assert {rung.net_pnl_usd for rung in ladder(config(calm), data)[:-1]} == {net(config(calm))}
    assert row_seconds(data) == 1_000


def test_only_latency_0_of_a_config_without_latency_says_nothing_new() -> None:
    assert repeats("latency 0 ms", {"latency_a_ms": 0.0})
    assert not repeats("latency 0 ms", {"latency_a_ms": 0.0, "latency_b_ms": 5.0})
    assert not repeats("latency 50 ms", {})


def line(points: Floats) -> Floats:
    return 10.0 - 3.0 * points


def dip(points: Floats) -> Floats:
    return np.where(np.abs(points - 1.0) < 0.05, -1.0, line(points))


def jump(points: Floats) -> Floats:
    return np.where(points < 2.5, 5.0, -5.0)


@pytest.mark.parametrize("later", [2, 100])
@pytest.mark.parametrize(("nets", "found"), [(line, 10 / 3), (dip, 0.95), (jump, 2.5)])
def test_the_first_crossing_counts(
    nets: Callable[[Floats], Floats], found: float, later: int
) -> None:
    steps = break_even._Steps(100, later, 1e-6)
    crossing = break_even._crossing(nets, break_even._is_without_profit, 0.0, 8.0, steps)
    assert crossing is not None
    assert crossing.on_the_line == pytest.approx(found, abs=1e-6)


def test_a_search_may_go_down() -> None:
    steps = break_even._Steps(100, 100, 1e-6)
    crossing = break_even._crossing(line, break_even._is_profit, 8.0, 0.0, steps)
    assert crossing is not None
    assert crossing.on_the_line == pytest.approx(10 / 3)
    assert break_even._crossing(line, break_even._is_profit, 8.0, 5.0, steps) is None
