"""How old quotes are, and how many rows an age limit would skip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arbitrage.data.check.batch import Batch, Floats
from arbitrage.data.columns import AGES

LIMITS_MS = (0.0, 1.0, 10.0, 100.0, 1_000.0, 10_000.0, 60_000.0)


@dataclass(frozen=True, slots=True)
class Stale:
    """How many rows are too old under a limit: `stale_snapshots` of a config with it."""

    max_quote_age_ms: float
    rows: int


@dataclass(frozen=True, slots=True)
class Ages:
    """The ages of a file that has them.

    Attributes:
        unknown: Of each column, how many cells are empty.
        largest_ms: Of each column, the largest age; None where all are unknown.
        stale: For each of `LIMITS_MS`, how many rows have an age above it on either venue, an
            unknown one included; empty without both columns.
    """

    unknown: dict[str, int]
    largest_ms: dict[str, float | None]
    stale: list[Stale]


class AgeCounter:
    """Counts the ages of each venue, and those of the older quote of each row."""

    def __init__(self) -> None:
        self._unknown: dict[str, int] = {}
        self._largest_ms: dict[str, float | None] = {}
        self._stale: dict[float, int] = {}

    def add(self, batch: Batch) -> None:
        columns = {name: batch.new(name) for name in AGES if name in batch.frame.columns}
        for name, ages in columns.items():
            self._add_column(name, ages)
        if len(columns) == len(AGES):
            older = np.maximum(*columns.values())
            for limit in LIMITS_MS:
                stale = ~(older <= limit)  # NaN is older than any limit
                self._stale[limit] = self._stale.get(limit, 0) + int(stale.sum())

    def _add_column(self, name: str, ages: Floats) -> None:
        known = ages[~np.isnan(ages)]
        self._unknown[name] = self._unknown.get(name, 0) + len(ages) - len(known)
        so_far = self._largest_ms.get(name)
        seen = [float(known.max())] if len(known) else []
        seen += [] if so_far is None else [so_far]
        self._largest_ms[name] = max(seen, default=None)

    def ages(self) -> Ages | None:
        """What has been seen; None of a file without ages."""
        if not self._unknown:
            return None
        stale = [Stale(limit, rows) for limit, rows in self._stale.items()]
        return Ages(self._unknown, self._largest_ms, stale)
