"""What a fold chooses, when it stands aside, and whether the optimum moves."""

from __future__ import annotations

from pathlib import Path
from random import Random

from arbitrage.results.walk_forward.outcome import WalkForward
from arbitrage.sweep import SweepSpec, walk_forward
from tests.helpers.inputs.strategies import quote
from tests.helpers.oracles.terms import Row
from tests.unit.results.walk_forward.walked import FIXED, at, csv_file, flat, spec_of, walk_of


def stands_aside(found: WalkForward) -> list[str | None]:
    return [fold.stands_aside for fold in found.folds]


def test_a_fold_without_trades_stands_aside_with_nothing(tmp_path: Path) -> None:
    rows = flat(61) + [at(61 + place, row) for place, row in enumerate(walk_of(Random(1), 60))]
    found = walk_forward(spec_of(csv_file(tmp_path, rows)), folds=2, train="50s", test="30s")
    assert stands_aside(found) == ["no config traded", None]
    [aside, other] = found.folds
    assert (aside.config_number, aside.parameters) == (None, {})
    assert (aside.in_sample.net_pnl_usd, aside.out_of_sample.net_pnl_usd) == (0, 0)
    assert found.out_of_sample_usd_per_hour == other.out_of_sample.net_pnl_usd / (60 / 3_600)


def test_a_fold_in_which_no_config_passes_or_earns_stands_aside(tmp_path: Path) -> None:
    path = csv_file(tmp_path, walk_of(Random(1), 121))
    filtered = spec_of(path, filters={"min_trades": 1_000})
    assert stands_aside(walk_forward(filtered, folds=1, train="60s", test="30s")) == [
        "no config passes the filters"
    ]
    grids = [{"name": "min_spread_bps", "values": [0, 1_000]}]
    dear = spec_of(path, grids=grids, slippage_bps=30)
    assert stands_aside(walk_forward(dear, folds=1, train="60s", test="30s")) == [
        "the best by net_pnl_usd does not trade"
    ]


def test_a_window_without_rows_earns_nothing(tmp_path: Path) -> None:
    """The file has a gap as long as two windows."""
    rows = walk_of(Random(3), 60)
    late = [at(240 + place, row) for place, row in enumerate(walk_of(Random(3), 60))]
    path = csv_file(tmp_path, [*rows, *late])
    found = walk_forward(spec_of(path), folds=4, train="50s", test="60s")
    assert stands_aside(found) == [None, "no config traded", "no config traded", "no config traded"]
    first = found.folds[0].out_of_sample
    assert (first.first_row, first.stop_row, first.net_pnl_usd) == (60, 60, 0)


def test_of_equals_the_middle_is_chosen(tmp_path: Path) -> None:
    """Peaks of 30 bps: thresholds from 2 to 20 bps open the same trades."""
    rows: list[Row] = []
    for second in range(121):
        basis = 30.0 if second % 10 < 3 else -6.0
        rows.append(at(second, quote(0, 100.0, basis, 0.5, 0.5)))
    grids = [{"name": "min_spread_bps", "values": [4, 8, 12, 16, 20, 40, 50]}]
    spec = spec_of(csv_file(tmp_path, rows), grids=grids)
    [fold] = walk_forward(spec, folds=1, train="60s", test="60s").folds
    assert fold.parameters == {"min_spread_bps": 12}
    low_first = spec_of(Path(spec.data_file), grids=grids, rank_by="win_rate")
    [fold] = walk_forward(low_first, folds=1, train="60s", test="60s").folds
    assert fold.parameters == {"min_spread_bps": 12}


def cycles(peaks: list[float], home_half_spread: float) -> list[tuple[float, float]]:
    """Basis and half spread, a row a second: each peak stands five rows, then the basis is home."""
    return [
        (peak, 0.5) if at < 5 else (-1.0, home_half_spread) for peak in peaks for at in range(10)
    ]


def moving_optimum(folder: Path) -> Path:
    """Small peaks pay until the middle; then books are wide at home, and large peaks alone pay."""
    early = cycles([15.0] * 36, 0.1)
    late = cycles([15.0, 15.0, 60.0] * 12, 25.0)
    rows: list[Row] = []
    for second, (basis, half) in enumerate([*early, *late]):
        rows.append(at(second, quote(0, 100.0, basis, half, half)))
    return csv_file(folder, rows)


def test_it_shows_an_optimum_that_moves_halfway(tmp_path: Path) -> None:
    grids = [{"name": "min_spread_bps", "values": [2, 4, 6, 8, 30, 35, 40]}]
    spec = spec_of(moving_optimum(tmp_path), grids=grids)
    found = walk_forward(spec, folds=4, train="3m", test="2m")
    moves = found.moves["min_spread_bps"]
    assert moves.values[0] == moves.values[1] == 4
    assert moves.values[-1] == 35
    assert moves.changes == 1
    rates = [fold.out_of_sample.net_usd_per_hour for fold in found.folds]
    assert rates[0] > 0 > min(rates)
    assert rates[-1] > 0
    assert found.spread["folds_with_profit"] == sum(rate > 0 for rate in rates)
    assert (found.spread["lowest"], found.spread["highest"]) == (min(rates), max(rates))
    assert found.kept_share is not None
    assert found.kept_share < 0.5
    still = SweepSpec(**{**FIXED, "data_file": spec.data_file, "grids": grids, "max_jobs": 1})
    assert walk_forward(still, folds=4, train="3m", test="2m").moves["min_spread_bps"].changes == 0
