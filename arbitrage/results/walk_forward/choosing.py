"""Which config a training window chooses."""

from __future__ import annotations

from typing import Any, NamedTuple

import polars as pl

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.querying.plateau import middle_of_best
from arbitrage.results.store.ranking import count_rows


class Choice(NamedTuple):
    """The row of the config that is chosen, or else why the fold stands aside."""

    row: dict[str, Any] | None
    stands_aside: str | None = None


def choice_of(rows: pl.LazyFrame, spec: SweepSpec) -> Choice:
    """The best of a training window's rows by the spec's rank and filters, of equals the middle.

    None where that one does not trade: it would earn nothing on any rows.

    Args:
        rows: One for each config of the sweep, as `sweep_rows` makes them.
        spec: The sweep.
    """
    best = middle_of_best(rows, spec)
    if best is not None and best["total_trades"] > 0:
        return Choice(best)
    if count_rows(rows).traded == 0:
        return Choice(None, "no config traded")
    if best is None:
        return Choice(None, "no config passes the filters")
    return Choice(None, f"the best by {spec.rank_by} does not trade")
