"""The verdict on a search as a document, and its bounds: `SIGNIFICANT`, `FEWEST_TRADES`.

The document is kept as `<results_dir>/<sweep id>.verdict.json`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from arbitrage.documents.result import write_document
from arbitrage.results.store.folder import write_errors_in_a_sentence
from arbitrage.results.verdict.shape import VerdictShape

VERSION = 1

NO_EDGE = "no edge after costs"
TOO_LITTLE = "too little to tell"
LUCK = "cannot be told from luck"
EDGE = "an edge in this data"

SIGNIFICANT = 0.05
COSTS = ("taker_fee_a_bps", "taker_fee_b_bps", "slippage_bps")
CONDITIONS = (*COSTS, "latency_a_ms", "latency_b_ms")  # which nobody can choose
FEWEST_TRADES = 10  # closed ones, of the winner


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What can be said of the best config of a search.

    Attributes:
        verdict: `NO_EDGE`, `TOO_LITTLE`, `LUCK` or `EDGE`.
        p_value: How often the best of configs without an edge looks as good, from 0 to 1; what the
            verdict goes by. None where there are too few periods.
        periods: How many periods there are; None where they are too few.
        period_seconds: How long they are; None where there are too few.
        n_configs: How many different configs were tried on the data.
        sweep_id: The sweep that was asked about.
        data_file: What its spec calls the data.
        data_sha256: Their digest.
        engine_version: Of the engine that replayed them.
        n_bootstrap: How many replicates were drawn.
        seed: By which they were drawn.
        also_tried: How many configs were tried elsewhere.
        search: The sweeps of the search: `sweeps`, each with `sweep_id`, `configs` (that count for
            it) and `is_gone`; `other_sweeps` and `other_configs` of the same results, which are on
            other data or by another engine; `unread_folders`, which have rows and no description.
        winner: The best config, as `Winner.as_json` has it, with `unstopped_net_pnl_usd`: what it
            earns if no stop ends it, as the test has it; and `varied_conditions`: the costs and
            latencies that the grids of its sweep vary.
        test: The test, None where there are too few periods: `mean_block`, and whether it
            `is_block_given`; `by_deviation` with `lower`, `consistent`, `upper` (Hansen's test,
            studentized) and `calibrated`; `in_dollars` with the first three; `best`, the config
            with the largest statistic by its own deviation; `winner_p_value`, that of the winner.
        beside: The figures of `Beside`; None where there are too few periods.
        plateau: `median_net_pnl_usd` of the winner's neighbours in the grid, None without any, and
            how many `neighbours` there are.
        ladder: The winner again under other conditions, as `explain.ladder` has them: each with
            `what`, `net_pnl_usd` and `closed_trades`.
        row_seconds: The median time from one row to the next: below it a latency changes nothing.
            None where the times cannot be used.
        break_evens: `cost_bps` and `latency_ms` from which on it does not earn any more, as
            `explain.break_even` has them.
        walk_forward: What the last walk-forward of the sweep kept: `folds`, `folds_with_profit`,
            `in_sample_usd_per_hour`, `out_of_sample_usd_per_hour`, `kept_share`; None without one.
    """

    verdict: str
    p_value: float | None
    periods: int | None
    period_seconds: int | None
    n_configs: int
    sweep_id: str
    data_file: str
    data_sha256: str
    engine_version: str
    n_bootstrap: int
    seed: int
    also_tried: int
    search: dict[str, Any]
    winner: dict[str, Any]
    test: dict[str, Any] | None
    beside: dict[str, Any] | None
    plateau: dict[str, Any]
    ladder: list[dict[str, Any]]
    break_evens: dict[str, float | None]
    walk_forward: dict[str, Any] | None
    row_seconds: float | None = None
    version: int = VERSION

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def write(self, results_dir: Path) -> None:
        """Write it beside the sweep's description.

        Raises:
            ConfigError: It cannot be written.
        """
        path = path_of(results_dir, self.sweep_id)
        with write_errors_in_a_sentence(path):
            write_document(path, self.as_json())

    @classmethod
    def read(cls, path: Path) -> Verdict | None:
        """The verdict in a file; None where there is none that this version understands."""
        try:
            text = path.read_bytes()
            VerdictShape.model_validate_json(text)
            found = _adapter().validate_json(text)
        except (OSError, ValidationError):
            return None
        return found if found.version == VERSION and found.is_one_of_the_four else None

    @property
    def is_one_of_the_four(self) -> bool:
        """Whether it is a verdict at all, with the test that it goes by."""
        if self.verdict in {NO_EDGE, TOO_LITTLE}:
            return True
        if self.test is None or self.p_value is None:
            return False
        if self.verdict == LUCK:
            return self.p_value > SIGNIFICANT
        is_told_apart = self.p_value <= SIGNIFICANT and self.test["best"] is not None
        return self.verdict == EDGE and is_told_apart


@cache
def _adapter() -> TypeAdapter[Verdict]:
    """Made once: that takes longer than to read a document."""
    return TypeAdapter(Verdict)


def path_of(results_dir: Path, sweep_id: str) -> Path:
    """Where the verdict on a sweep is kept."""
    return results_dir / f"{sweep_id}.verdict.json"
