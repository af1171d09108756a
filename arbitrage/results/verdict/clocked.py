"""A data file by its clock: what configs earn in each of its periods."""

from __future__ import annotations

from typing import NamedTuple

from arbitrage.documents.spec.axes import Indices
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.periods.period_clock import Periods
from arbitrage.replay.periods.period_profits import period_profits
from arbitrage.results.selection.matrix import Floats


class ClockedData(NamedTuple):
    """A data file and its periods."""

    data: OpenedFile
    periods: Periods

    def profits(self, spec: SweepSpec, numbers: Indices) -> Floats:
        """Those of some configs of a sweep: periods x configs."""
        return period_profits(self.data, spec.columns_of(numbers), len(numbers), self.periods)
