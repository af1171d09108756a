"""The profit out of sample over time: of each fold in turn, one behind the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.kernels.layout import Integers
from arbitrage.replay.periods.period_clock import Periods, periods_of
from arbitrage.replay.periods.period_profits import period_profits
from arbitrage.results.walk_forward.outcome import FoldOutcome, Point


def stitched(spec: SweepSpec, data: OpenedFile, folds: Sequence[FoldOutcome]) -> Iterator[Point]:
    """A point for each period of the clock in which a test window has rows, at the last of these.

    Where a drawdown stops the run, its last point is there. A fold that stands aside has one point.
    """
    periods, net_pnl_usd = periods_of(data), 0.0
    for fold in folds:
        ends = _ends(periods, fold)
        profits = np.zeros(len(ends))
        if fold.config_number is not None and len(ends):
            numbers = spec.columns(fold.config_number, fold.config_number + 1)
            part = data.between(fold.out_of_sample.first_row, int(ends[-1]))
            profits = period_profits(part, numbers, 1, Periods(0, ends))[:, 0]
        for end, profit in zip(ends.tolist(), profits.tolist(), strict=True):
            net_pnl_usd += profit
            yield Point(data.timestamp(end - 1), net_pnl_usd)


def _ends(periods: Periods | None, fold: FoldOutcome) -> Integers:
    """How many rows of the file there are up to each point, in ascending order."""
    test = fold.out_of_sample
    stop_row = test.stop_row if test.stopped_row is None else test.stopped_row + 1
    ends = np.array([stop_row])
    if periods is not None and fold.config_number is not None:
        ends = np.union1d(periods.ends, ends)
    return ends[(test.first_row < ends) & (ends <= stop_row)]
