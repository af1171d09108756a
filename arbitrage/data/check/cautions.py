"""What to know of a file before one believes in a sweep over it, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from arbitrage.data.check.document import FileCheck
from arbitrage.data.check.skipped import skipped_sentence

# So far apart are two venues' prices of one instrument hardly ever, and those of two often.
_APART_BPS = 1_000


def cautions(check: FileCheck) -> Iterator[str]:
    """The sentences, without full stops."""
    if check.rows.skipped_snapshots:
        yield skipped_sentence(asdict(check.rows))
    if not check.opening.rows:
        yield why_nothing_opens(check)
    better = check.spreads.better
    if better is not None and better.p50 > _APART_BPS:
        yield (
            f"on half of the rows the venues are {better.p50:,.6g} bps apart or more: are both of "
            "one instrument, in one currency?"
        )
    if check.rows.repeated_rows:
        yield f"{check.rows.repeated_rows:,} of the rows say again all that the row before says"


def why_nothing_opens(check: FileCheck) -> str:
    """Why no row of a file would open a trade."""
    if check.spreads.largest_bps is None:
        return "no row is tradable"
    return (
        f"no row would open a trade: the largest spread is {check.spreads.largest_bps:,.6g} bps, "
        f"one execution costs {check.opening.cost_bps:,.6g} bps"
    )
