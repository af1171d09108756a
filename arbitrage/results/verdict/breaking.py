"""What would break the winner, and what a walk-forward kept of its sweep."""

from __future__ import annotations

from typing import Any

from arbitrage.documents.config import TuningConfig
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.results.explain.break_even import break_evens
from arbitrage.results.explain.ladder import ladder
from arbitrage.results.explain.resolution import row_seconds
from arbitrage.results.verdict.search import TriedSweep
from arbitrage.results.walk_forward.outcome import WalkForward, path_of


def breaking_figures(config: TuningConfig, data: OpenedFile) -> dict[str, Any]:
    """The ladder of a config, and where it does not earn any more.

    Raises:
        DataError: The data lack what an option of the config needs.
    """
    return {
        "ladder": [rung._asdict() for rung in ladder(config, data)],
        "row_seconds": row_seconds(data),
        "break_evens": break_evens(config, data)._asdict(),
    }


def kept_by_walk_forward(sweep: TriedSweep, data: OpenedFile) -> dict[str, Any] | None:
    """What the last walk-forward of a sweep over these data kept; None where there was none."""
    if sweep.known is None:
        return None
    found = WalkForward.read(path_of(sweep.known.folder.path.parent, sweep.sweep_id))
    if found is None or found.sweep_id != sweep.sweep_id or found.data_sha256 != data.data_sha256:
        return None
    return kept_of(found)


def kept_of(found: WalkForward) -> dict[str, Any]:
    """What a walk-forward kept, as a verdict has it."""
    return {
        "folds": len(found.folds),
        "folds_with_profit": found.spread["folds_with_profit"],
        "in_sample_usd_per_hour": found.in_sample_usd_per_hour,
        "out_of_sample_usd_per_hour": found.out_of_sample_usd_per_hour,
        "kept_share": found.kept_share,
    }
