"""Which configs stand for a sweep where few have room: the front, the top, and a sample."""

from __future__ import annotations

import polars as pl

from arbitrage.documents.spec.permutation import Permutation
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.querying.front import DRAWDOWN, PROFIT, front_of
from arbitrage.results.store.ranking import rankable
from arbitrage.results.store.rows import NO_ROWS

MOST = 5_000  # what a dashboard draws without a wait
MOST_OF_FRONT = 1_000
MOST_OF_TOP = 1_000
SEED = 0

CHOSEN_AS = "chosen_as"
FRONT, TOP, SAMPLE = "pareto", "top", "sample"

_LOT = "lot"


class Trials:
    """Some configs of a sweep, chosen from rows that come in batches.

    They are those of the Pareto front (net profit up, drawdown down), those that come first by the
    spec's rank, and a seeded sample of the others; all of them where a sweep has few. A config
    without both figures is none of them. Some thousand are in memory, however many there are.
    """

    def __init__(self, spec: SweepSpec) -> None:
        self.seen = 0
        self._spec = spec
        self._lots = Permutation(spec.total, SEED)
        self._front = _empty("config_number", PROFIT, DRAWDOWN)
        self._top = _empty("config_number", spec.rank_by)
        self._sample = _empty("config_number").with_columns(pl.lit(None, pl.Int64).alias(_LOT))

    def add(self, batch: pl.DataFrame) -> None:
        """Look at some rows more."""
        known = batch.drop_nulls([PROFIT, DRAWDOWN])
        self.seen += known.height
        self._front = front_of(_joined(self._front, known))
        ranked = _joined(self._top, rankable(known.lazy(), self._spec).collect())
        order = [self._spec.rank_by, "config_number"]
        self._top = ranked.sort(order, descending=[True, False]).head(MOST_OF_TOP)
        lots = pl.Series(_LOT, self._lots.at(known["config_number"].to_numpy()))
        drawn = _joined(self._sample, known.with_columns(lots))
        self._sample = drawn.sort(_LOT).head(MOST)

    def chosen(self) -> pl.DataFrame:
        """`config_number` in ascending order, and `CHOSEN_AS`."""
        kinds = {
            FRONT: self._front.sort(PROFIT, descending=True).head(MOST_OF_FRONT),
            TOP: self._top,
            SAMPLE: self._sample,
        }
        parts = [
            part.select("config_number", pl.lit(kind).alias(CHOSEN_AS))
            for kind, part in kinds.items()
        ]
        each_once = pl.concat(parts).unique("config_number", keep="first", maintain_order=True)
        return each_once.head(MOST).sort("config_number")


def _empty(*names: str) -> pl.DataFrame:
    return NO_ROWS.select(names)


def _joined(some: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([some, others.select(some.columns)])
