"""The progress of a sweep, while somebody waits for it."""

from __future__ import annotations

import pytest

from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.spec.sweep_spec import SweepSpec
from tests.helpers.inputs.sweeps import spec
from tests.unit.client.sweeps.ranked import GRID
from worker.client.sweeps.collector import Progress
from worker.client.sweeps.progress import Rate, progress_lines


def test_what_is_copied_says_nothing_of_the_rate() -> None:
    line, *_ = progress_lines(Progress(9, 5, 1, copied=4), 0, SweepSpec(**spec(GRID)), 80)
    assert line == "6 of 9 configs (67%), 1 failed, 4 copied, 0 running, 0 queued"
    rate = Rate()
    assert rate(Progress(9, 1)) == 0
    assert rate(Progress(9, 5, copied=4)) == 0
    assert rate(Progress(9, 6, copied=4)) > 0


WIDE = [{"name": name, "values": [1234.5678]} for name in ("slippage_bps", "initial_balance_usd")]


@pytest.mark.parametrize("width", [80, 120])
def test_progress_fits_its_lines(width: int) -> None:
    sweep = SweepSpec(**spec(GRID, *WIDE, rank_by="avg_pnl_per_trade_usd"))
    best = dict.fromkeys([*FIGURE_NAMES, *(grid.name for grid in sweep.grids)], 1234.5678)
    progress = Progress(10**10, 10**9, 123_456, 9_000, 1_280_000, 1_260_000, best=best)
    lines = list(progress_lines(progress, 1_234_567.8, sweep, width))
    assert len(lines) == 2
    assert max(map(len, lines)) <= width
    assert lines[0].startswith("1,000,123,456 of 10,000,000,000 configs (10%)")
    assert lines[1].startswith("best so far: avg_pnl_per_trade_usd 1,234.57")


def test_progress_crowns_nobody_while_nothing_traded() -> None:
    sweep = SweepSpec(**spec(GRID))
    best = dict.fromkeys([*FIGURE_NAMES, "min_spread_bps"], 0)
    assert [*progress_lines(Progress(5), 0, sweep, 80)] == [
        "0 of 5 configs (0%), 0 running, 0 queued"
    ]
    *_, last = progress_lines(Progress(5, 2, best=best), 0, sweep, 80)
    assert last == "no config has traded so far"
    *_, last = progress_lines(Progress(5, 2, traded=1, best=best), 0, sweep, 80)
    assert last.startswith("best so far: net_pnl_usd 0.00 with min_spread_bps 0")
