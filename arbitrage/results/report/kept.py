"""What other commands kept beside a sweep, where it is of this sweep and can be understood."""

from __future__ import annotations

from pathlib import Path

from arbitrage.results.store.known_sweeps import KnownSweep
from arbitrage.results.verdict.verdict import Verdict
from arbitrage.results.verdict.verdict import path_of as path_of_verdict
from arbitrage.results.walk_forward.outcome import WalkForward
from arbitrage.results.walk_forward.outcome import path_of as path_of_walk


def kept_verdict(sweep: KnownSweep) -> tuple[Verdict | None, str]:
    """The verdict on a sweep, or None and why the one that is there is not shown, if one is."""
    path = path_of_verdict(sweep.folder.path.parent, sweep.sweep_id)
    found, remedy = Verdict.read(path), f"arbtune verdict {sweep.sweep_id}"
    if found is None or found.sweep_id != sweep.sweep_id:
        return None, _why_not(path, "verdict", found, remedy)
    return found, ""


def kept_walk(sweep: KnownSweep) -> tuple[WalkForward | None, str]:
    """The same of walk-forward."""
    path = path_of_walk(sweep.folder.path.parent, sweep.sweep_id)
    found = WalkForward.read(path)
    if found is not None and found.sweep_id == sweep.sweep_id:
        numbers = [fold.config_number or 0 for fold in found.folds]
        if max(numbers) < sweep.spec.total:
            return found, ""
        found = None
    return None, _why_not(path, "walk-forward", found, "arbtune walk-forward")


def _why_not(path: Path, what: str, found: Verdict | WalkForward | None, remedy: str) -> str:
    if found is not None:
        return (
            f"The {what} in {path} is of another sweep, {found.sweep_id:.60}, and is not shown: "
            f"{remedy} makes one of this sweep."
        )
    if not path.exists():
        return ""
    return f"The {what} in {path} cannot be understood and is not shown: {remedy} makes it anew."
