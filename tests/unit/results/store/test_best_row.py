"""The best row of a sweep: by its rank, by its filters, of equals."""

from __future__ import annotations

from typing import Any

import numpy as np

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.store.ranking import best_row
from arbitrage.results.store.rows import sweep_rows
from tests.helpers.inputs.sweeps import spec
from tests.unit.results.store.numbered import GRID, SWEEP, rows_of


def test_of_equals_the_lowest_number_is_the_best() -> None:
    pnls = [1.0, 5.0, 3.0, 5.0, 5.0]
    assert best_of(pnls)["config_number"] == 1
    assert best_of([-0.0, 0.0, -0.0])["config_number"] == 0


def test_the_rank_is_the_specs() -> None:
    columns = {"net_pnl_usd": np.array([3.0, 2.0, 1.0]), "win_rate": np.array([0.1, 0.9, 0.5])}
    rows = rows_of(0, 3, **columns)
    for rank, number in [("net_pnl_usd", 0), ("win_rate", 1), ("total_trades", 2)]:
        found = best_row(rows.lazy(), SweepSpec(**spec(GRID, rank_by=rank)))
        assert found is not None
        assert found["config_number"] == number


def test_filters_hold_at_their_bounds() -> None:
    rows = rows_of(
        0,
        4,
        max_drawdown_pct=np.array([15.0, 15.1, 3.0, 15.0]),
        total_trades=np.array([5, 9, 9, 4]),
        net_pnl_usd=np.array([2.0, 9.0, 1.0, 8.0]),
    )
    filters: list[tuple[dict[str, Any], int]] = [
        ({}, 1),
        ({"max_drawdown_pct": 15}, 3),
        ({"min_trades": 5}, 1),
        ({"max_drawdown_pct": 15, "min_trades": 5}, 0),
    ]
    for given_filters, number in filters:
        found = best_row(rows.lazy(), SweepSpec(**spec(GRID, filters=given_filters)))
        assert found is not None
        assert found["config_number"] == number
    assert best_row(rows.lazy(), SweepSpec(**spec(GRID, filters={"min_trades": 10}))) is None


def test_a_row_without_the_figure_or_without_success_is_not_the_best() -> None:
    stopped = rows_of(0, 3, stopped_row=np.array([-1, 4, -1]))
    ranked = best_row(stopped.lazy(), SweepSpec(**spec(GRID, rank_by="stopped_row")))
    assert ranked is not None
    assert ranked["config_number"] == 1
    failed = sweep_rows(SWEEP, 0, 2, {}, {0: "x", 1: "x"})
    assert best_row(failed.lazy(), SWEEP) is None


def best_of(pnls: list[float]) -> dict[str, Any]:
    rows = rows_of(0, len(pnls), net_pnl_usd=np.array(pnls))
    found = best_row(rows.lazy(), SWEEP)
    assert found is not None
    return found
