"""The best config of a search: by net profit, whatever its sweep was ranked by or left out."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from arbitrage.documents.config import NUMERIC_FIELDS
from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.results.querying.neighbours import middle_of
from arbitrage.results.querying.plateau import equals_of
from arbitrage.results.verdict.search import Search, TriedSweep

_RANK = "net_pnl_usd"


@dataclass(frozen=True)
class Winner:
    """A config and what its run came to.

    Attributes:
        config: Its numbers by the names of the fields of a config; those that are not set left out.
        figures: By the names of `FIGURE_NAMES`.
        equals: How many configs of its sweep have the same figures, this one included.
    """

    sweep_id: str
    config_number: int
    config: dict[str, Any]
    figures: dict[str, Any]
    equals: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def winner_of(search: Search) -> tuple[Winner, TriedSweep] | None:
    """The config with the largest net profit, and the sweep that it is of.

    Of sweeps that have equal ones, the one that is asked about comes first; of equal configs of a
    sweep the middle of their plateau. None where no config has a net profit, so none succeeded.

    Raises:
        DataError: A part of the rows is damaged.
    """
    best = [(sweep, found) for sweep in search.sweeps if (found := _best_row(sweep))]
    if not best:
        return None
    sweep, row = max(best, key=lambda one: one[1][_RANK])  # the first of equal ones
    with _damage_in_a_sentence(sweep):
        some = pl.DataFrame([row], schema=sweep.rows.collect_schema())
        [equals] = equals_of(sweep.rows, some, FIGURE_NAMES)
        number = middle_of(sweep.spec, equals)
        shown = sweep.rows.filter(config_number=number).collect(engine="streaming")
    return _winner(sweep, shown.row(0, named=True), len(equals)), sweep


def _best_row(sweep: TriedSweep) -> dict[str, Any] | None:
    with _damage_in_a_sentence(sweep):
        ranked = sweep.rows.filter(pl.col(_RANK).is_not_null()).sort(_RANK, descending=True)
        found = ranked.head(1).collect(engine="streaming")
    return next(iter(found.iter_rows(named=True)), None)


def _winner(sweep: TriedSweep, row: dict[str, Any], equals: int) -> Winner:
    config = {name: row[name] for name in NUMERIC_FIELDS if row[name] is not None}
    figures = {name: row[name] for name in FIGURE_NAMES}
    return Winner(sweep.sweep_id, row["config_number"], config, figures, equals)


def _damage_in_a_sentence(sweep: TriedSweep) -> AbstractContextManager[None]:
    if sweep.known is None:
        return nullcontext()
    return sweep.known.folder.damage_in_a_sentence(sweep.spec.total)
