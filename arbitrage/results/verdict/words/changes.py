"""What would change the verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator

from arbitrage.replay.periods.period_clock import FEWEST
from arbitrage.results.explain.resolution import latency_text
from arbitrage.results.verdict.verdict import (
    COSTS,
    EDGE,
    FEWEST_TRADES,
    LUCK,
    NO_EDGE,
    SIGNIFICANT,
    TOO_LITTLE,
    Verdict,
)
from arbitrage.results.verdict.words.texts import shown_p


def changes(verdict: Verdict) -> list[str]:
    """What would change the verdict."""
    return [*_CHANGES[verdict.verdict](verdict)]


def _what_changes_no_edge(verdict: Verdict) -> Iterator[str]:
    yield "Lower costs, other parameters, or data of other days."
    cost = verdict.break_evens["cost_bps"]
    if cost is not None and verdict.winner["figures"]["total_trades"]:
        yield (
            f"The best config would have earned something at a cost below {cost:.4g} bps an "
            f"execution; it has {cost_bps(verdict):.4g}."
        )


def _what_changes_too_little(verdict: Verdict) -> Iterator[str]:
    if verdict.periods is None:
        yield f"A longer file: {FEWEST} periods are the fewest."
    if verdict.winner["figures"]["closed_trades"] < FEWEST_TRADES:
        yield f"A longer file, or configs that trade more: {FEWEST_TRADES} closed trades at least."


def _what_changes_luck(verdict: Verdict) -> Iterator[str]:
    yield (
        "More data of the same kind: run the same sweep over a longer file. A smaller search after "
        "a look at this one changes nothing: what was looked at counts."
    )
    test = verdict.test or {}
    by_deviation, in_dollars = test["by_deviation"]["calibrated"], test["in_dollars"]["consistent"]
    steadily, dollars = (shown_p(p, verdict.n_bootstrap) for p in (by_deviation, in_dollars))
    if by_deviation <= SIGNIFICANT < in_dollars:
        yield (
            f"By how steadily they earn some configs stand out (p {steadily}), in "
            f"dollars none does (p {dollars}): either configs with larger swings drown "
            "them, and a sweep without those may tell, or a loss that belongs to them is to come."
        )
    if in_dollars <= SIGNIFICANT < by_deviation:
        yield (
            f"In dollars the best stands out (p {dollars}), by how steadily it earns it "
            f"does not (p {steadily}): few periods made most of the profit."
        )


def _what_changes_an_edge(verdict: Verdict) -> Iterator[str]:
    yield (
        f"If {tolerated_elsewhere(verdict):,} more configs or so were tried on these data "
        "elsewhere (--also-tried), it could not be told from luck."
    )
    yield from _what_breaks_it(verdict)
    if verdict.walk_forward is None:
        yield "Rows that a config was not chosen on: arbtune walk-forward says what is left there."


def _what_breaks_it(verdict: Verdict) -> Iterator[str]:
    cost, latency = verdict.break_evens["cost_bps"], verdict.break_evens["latency_ms"]
    if cost is not None:
        yield (
            f"The best config earns nothing from a cost of {cost:.4g} bps an execution on; it has "
            f"{cost_bps(verdict):.4g}."
        )
    if latency is not None:
        yield f"It earns nothing from a latency of {latency_text(latency)} to both venues on."
    sized = [rung for rung in verdict.ladder if rung["what"] == "displayed size"]
    if sized and not sized[0]["net_pnl_usd"] > 0:
        yield "It earns nothing with the sizes that were displayed."


def cost_bps(verdict: Verdict) -> float:
    """What the best config pays for an execution of both legs, in bps."""
    return math.fsum(verdict.winner["config"].get(name, 0.0) for name in COSTS)


def tolerated_elsewhere(verdict: Verdict) -> int:
    """How many configs tried elsewhere an edge bears, with those that were told."""
    searches = math.log1p(-SIGNIFICANT) / math.log1p(-(verdict.p_value or 1.0))
    borne = math.ceil((verdict.n_configs + verdict.also_tried) * searches) - verdict.n_configs
    return max(borne, verdict.also_tried + 1)


_CHANGES = {
    NO_EDGE: _what_changes_no_edge,
    TOO_LITTLE: _what_changes_too_little,
    LUCK: _what_changes_luck,
    EDGE: _what_changes_an_edge,
}
