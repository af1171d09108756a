"""What a sweep has come to: the object that `--json` prints, and what people are warned of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from arbitrage.data.check.skipped import skipped_sentence
from arbitrage.documents.figures import FIGURE_NAMES

if TYPE_CHECKING:
    from arbitrage.documents.spec.sweep_spec import SweepSpec
    from arbitrage.results.store.folder import SweepFolder
    from arbitrage.results.store.ranking import RowCounts

FEW_TRADES = 10  # a best of fewer may be luck


@dataclass(frozen=True, slots=True)
class Summary:
    """What is on disk of a sweep.

    Attributes:
        best: The best row, as docs/sweeps.md defines it; None where no config traded.
        data: What is known of the data file, `FileFacts.of_rows`, or None.
    """

    sweep_id: str
    total: int
    results_dir: str
    row_counts: RowCounts
    best: dict[str, Any] | None
    data: dict[str, Any] | None

    @property
    def missing(self) -> int:
        """How many configs have no row yet."""
        return self.total - self.row_counts.succeeded - self.row_counts.failed

    @property
    def nothing_traded(self) -> bool:
        """Whether there are figures, and none of a trade."""
        return self.row_counts.succeeded > 0 and self.row_counts.traded == 0

    def cautions(self) -> list[str]:
        """What to know before one believes in the best, a sentence each."""
        if self.nothing_traded:
            return [*self._why_nothing_traded()]
        return [*_doubts(self.best)] if self.best else []

    def _why_nothing_traded(self) -> Iterator[str]:
        data = self.data or {}
        spread, threshold = data.get("largest_spread_bps"), self.row_counts.lowest_threshold_bps
        so_far = f" so far, of {self.row_counts.succeeded:,}" if self.missing else ""
        facts = [] if spread is None else [f"the largest spread in the file is {spread:.6g} bps"]
        facts += [f"the lowest threshold (min_spread_bps and costs) is {threshold:.6g} bps"]
        yield f"no config traded{so_far}: {', '.join(facts)}"
        if data.get("skipped_snapshots"):
            yield skipped_sentence(data)

    def as_json(self, spec: SweepSpec) -> dict[str, Any]:
        """The object that a program reads."""
        return {
            "sweep_id": self.sweep_id,
            "total": self.total,
            "succeeded": self.row_counts.succeeded,
            "failed": self.row_counts.failed,
            "results_dir": self.results_dir,
            "best": self.best and {**self.best, **job_of(spec, self.best)},
            "traded": self.row_counts.traded,
            "lowest_threshold_bps": self.row_counts.lowest_threshold_bps,
            "data": self.data,
            "cautions": self.cautions(),
        }


def summary_of(spec: SweepSpec, folder: SweepFolder) -> Summary:
    """The summary of what is on disk.

    Raises:
        DataError: A part is damaged.
    """
    row_counts = folder.count_rows(spec.total)
    described = folder.description()
    return Summary(
        sweep_id=folder.sweep_id,
        total=spec.total,
        results_dir=os.fspath(folder.path),
        row_counts=row_counts,
        best=folder.best(spec) if row_counts.traded else None,
        data=described.data if described else None,
    )


def job_of(spec: SweepSpec, row: dict[str, Any]) -> dict[str, Any]:
    """A row as the job that it is: a config to enqueue, and what it came to."""
    return {
        "config": spec.config(row["config_number"]).model_dump(mode="json"),
        "metrics": {name: row[name] for name in FIGURE_NAMES},
    }


def _doubts(best: dict[str, Any]) -> Iterator[str]:
    if best["net_pnl_usd"] < 0:
        yield f"the best lost money: net {best['net_pnl_usd']:,.2f} USD"
    trades = best["total_trades"]
    if trades == 0:
        yield "the best did not trade"
    elif trades < FEW_TRADES:
        count = "1 trade" if trades == 1 else f"{trades} trades"
        yield f"the best has {count}: fewer than {FEW_TRADES} may be luck"
