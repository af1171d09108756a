"""The verdict in words, for people who know no statistics."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from arbitrage.replay.periods.period_clock import FEWEST
from arbitrage.results.explain.ladder import cannot_be_told, latency_text
from arbitrage.results.verdict.beside import CONFIDENCE
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

_CHEAP_BPS = 1.0  # an execution: what both venues take together is more nearly everywhere
_LONE_PEAK = 0.5  # of the winner's profit: neighbours that earn less are told of
_OVERFITTED = 0.5  # the best of one half of the periods is below the median in the other
_ERRORS = 2.0  # standard ones: what is nearer to the bound may be on its other side


def reasons(verdict: Verdict) -> list[str]:
    """Why the verdict is what it is, a sentence or two each."""
    return [*_REASONS[verdict.verdict](verdict), *_kept(verdict)]


def changes(verdict: Verdict) -> list[str]:
    """What would change the verdict."""
    return [*_CHANGES[verdict.verdict](verdict)]


def cautions(verdict: Verdict) -> list[str]:
    """What whoever wants good news had better know."""
    return [
        *_cautions_of_the_winner(verdict),
        *_cautions_of_the_test(verdict),
        *_cautions_of_the_search(verdict),
    ]


def no_evidence(verdict: Verdict) -> list[str]:
    """What has to be read before any figure of a config that is not shown to have an edge."""
    return [_NO_EVIDENCE[verdict.verdict](verdict)] if verdict.verdict in _NO_EVIDENCE else []


def in_cases(p_value: float, n_bootstrap: int) -> str:
    """A p value as a number of cases: `in about 12 of 1,000 cases`."""
    if p_value < 1 / n_bootstrap:
        return f"in fewer than 1 of {n_bootstrap:,} cases"
    if round(p_value * 1000) == 0:
        return f"in about {p_value * 1_000_000:,.0f} of 1,000,000 cases"
    return f"in about {p_value * 1000:,.0f} of 1,000 cases"


def shown_p(p_value: float, n_bootstrap: int) -> str:
    """A p value beside its sign; the replicates tell nothing apart below one of them."""
    told = p_text(p_value, n_bootstrap)
    return told if told.startswith("<") else f"= {told}"


def p_text(p_value: float, n_bootstrap: int) -> str:
    """A p value by itself: `0.123`, or `< 0.001` where it is below one of the replicates."""
    return f"< {1 / n_bootstrap:.2g}" if p_value < 1 / n_bootstrap else f"{p_value:.3f}"


def of_period(seconds: int) -> str:
    """The length of a period."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def counted(count: int, noun: str) -> str:
    """Such as `1 sweep` and `1,200 sweeps`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _best(verdict: Verdict) -> str:
    """What was tried, and what the best of it earned."""
    figures, n_configs = verdict.winner["figures"], verdict.n_configs
    one = (
        f"The best of the {n_configs:,} configs that were tried" if n_configs > 1 else "The config"
    )
    trades = counted(figures["closed_trades"], "closed trade")
    if left := figures["open_trades"]:
        trades += f" and {left:,} still open"
    return f"{one} earned {figures['net_pnl_usd']:z,.2f} USD net, in {trades}."


def _as_good(verdict: Verdict) -> str:
    p_value = verdict.p_value or 0.0
    tried = verdict.n_configs + verdict.also_tried
    who = "the best of them" if tried > 1 else "such a config"
    none = f"If none of the {tried:,} had an edge" if tried > 1 else "If it had no edge"
    return (
        f"{none}, {who} would look as good by luck {in_cases(p_value, verdict.n_bootstrap)} "
        f"(p {shown_p(p_value, verdict.n_bootstrap)})"
    )


def _of_an_edge(because: str) -> str:
    return f"{because}: the figures below are no evidence of an edge."


def _luck_below(verdict: Verdict) -> str:
    p_value = shown_p(verdict.p_value or 0.0, verdict.n_bootstrap)
    return _of_an_edge(f"It cannot be told from luck (p {p_value})")


def _too_little_below(verdict: Verdict) -> str:
    closed = verdict.winner["figures"]["closed_trades"]
    few = counted(closed, "closed trade") if closed < FEWEST_TRADES else "Too short a file"
    return f"{few}: the figures below are no evidence."


def _kept(verdict: Verdict) -> Iterator[str]:
    """What was left on rows that a config was not chosen on."""
    kept = verdict.walk_forward
    if kept is None:
        return
    folds = f"in {kept['folds_with_profit']} of {kept['folds']} windows"
    if kept["kept_share"] is None:
        yield f"Walk-forward found nothing to keep: its training windows earned nothing ({folds})."
        return
    yield (
        f"Walk-forward, on rows that it had not chosen on, kept {kept['kept_share']:.0%} of the "
        f"profit an hour, with a profit {folds}."
    )


def _why_no_edge(verdict: Verdict) -> Iterator[str]:
    figures, n_configs = verdict.winner["figures"], verdict.n_configs
    if figures["total_trades"] == 0:
        yield (
            f"None of the {n_configs:,} configs that were tried earned anything: the best of them "
            "did not trade at all."
        )
        return
    yield (
        f"None of the {n_configs:,} configs that were tried earned anything after costs. The best "
        f"came to {figures['net_pnl_usd']:z,.2f} USD net."
    )


def _why_too_little(verdict: Verdict) -> Iterator[str]:
    yield _best(verdict)
    if verdict.periods is None:
        yield (
            f"The data are too short to tell profit from luck: they cover fewer than {FEWEST} "
            "seconds, and a profit has to show in many periods."
        )
    if verdict.winner["figures"]["closed_trades"] < FEWEST_TRADES:
        yield (
            f"Fewer than {FEWEST_TRADES} closed trades are too few to tell anything from, "
            "whatever they earned."
        )


def _why_luck(verdict: Verdict) -> Iterator[str]:
    yield _best(verdict)
    yield (
        f"{_as_good(verdict)}. That is more often than {SIGNIFICANT:.0%}, so nobody can say that "
        "it is more than luck."
    )


def _why_an_edge(verdict: Verdict) -> Iterator[str]:
    yield _best(verdict)
    yield (
        f"{_as_good(verdict)}. So it is hardly the luck of a long search: there was something to "
        "earn in these data, in this model. That it goes on is not said."
    )


def _what_changes_no_edge(verdict: Verdict) -> Iterator[str]:
    yield "Lower costs, other parameters, or data of other days."
    cost = verdict.break_evens["cost_bps"]
    if cost is not None and verdict.winner["figures"]["total_trades"]:
        yield (
            f"The best config would have earned something at a cost below {cost:.4g} bps an "
            f"execution; it has {_cost_bps(verdict):.4g}."
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
            f"{_cost_bps(verdict):.4g}."
        )
    if latency is not None:
        yield f"It earns nothing from a latency of {latency_text(latency)} to both venues on."
    sized = [rung for rung in verdict.ladder if rung["what"] == "displayed size"]
    if sized and not sized[0]["net_pnl_usd"] > 0:
        yield "It earns nothing with the sizes that were displayed."


def _cost_bps(verdict: Verdict) -> float:
    return math.fsum(verdict.winner["config"].get(name, 0.0) for name in COSTS)


def tolerated_elsewhere(verdict: Verdict) -> int:
    """How many configs tried elsewhere an edge bears, with those that were told."""
    searches = math.log1p(-SIGNIFICANT) / math.log1p(-(verdict.p_value or 1.0))
    borne = math.ceil((verdict.n_configs + verdict.also_tried) * searches) - verdict.n_configs
    return max(borne, verdict.also_tried + 1)


def _cautions_of_the_winner(verdict: Verdict) -> Iterator[str]:
    winner, net = verdict.winner, verdict.winner["figures"]["net_pnl_usd"]
    if not any(winner["config"].get(name) for name in COSTS):
        yield "Its costs are 0, as on no venue: no fee, no slippage."
    elif _cost_bps(verdict) < _CHEAP_BPS:
        yield (
            f"Its costs are {_cost_bps(verdict):.4g} bps an execution, all fees and slippage "
            "together: hardly any venue is as cheap."
        )
    if net > 0 and (varied := winner.get("varied_conditions")):
        yield (
            f"The grids vary {', '.join(varied)}. Nobody can choose that, and the cheapest or the "
            f"fastest wins: arbtune results --by {varied[0]} shows what is best at each."
        )
    if winner["figures"]["stopped_row"] is not None and verdict.periods is not None:
        yield (
            f"A drawdown stop ended its run. The test has no stops: without one it comes to "
            f"{winner['unstopped_net_pnl_usd']:z,.2f} USD net."
        )
    yield from cannot_be_told(verdict.row_seconds)
    beside = verdict.plateau["median_net_pnl_usd"]
    if beside is not None and net > 0 and beside < _LONE_PEAK * net:
        yield (
            f"It stands alone: its neighbours in the grids earn {beside:z,.2f} USD at the median. "
            "A config that is right for a reason has neighbours that are nearly as good."
        )
    if winner["sweep_id"] != verdict.sweep_id:
        yield f"It is of another sweep over the same data, {winner['sweep_id']}."


def _cautions_of_the_test(verdict: Verdict) -> Iterator[str]:
    if verdict.test is None:
        return
    if verdict.test["is_block_given"]:
        yield (
            f"The mean block of {verdict.test['mean_block']:g} periods was given, not chosen on "
            "the profits. Where profits hang together for longer than that, luck looks like an "
            "edge."
        )
    if _is_near(verdict):
        yield (
            f"{counted(verdict.n_bootstrap, 'replicate')} cannot tell p = {verdict.p_value:.3f} "
            f"from {SIGNIFICANT}: another --seed may give another verdict. More --replicates tell "
            "it; a seed that was looked for tells nothing."
        )
    if verdict.verdict != EDGE:
        return
    yield from _against_it(verdict)
    own, best = verdict.test["winner_p_value"], verdict.test["best"]
    if own > SIGNIFICANT:
        yield (
            f"The edge is not shown to be that of the best config itself (p = {own:.3f}), but of "
            f"the search. Config {best['config_number']} of sweep {best['sweep_id']} earns the "
            "most steadily."
        )


def _against_it(verdict: Verdict) -> Iterator[str]:
    """Figures beside the test that speak against an edge, and why they are not followed."""
    beside = verdict.beside or {}
    sharpe, overfitting = beside.get("sharpe") or {}, beside.get("overfitting")
    ends = sharpe.get("deflated_of_all"), sharpe.get("deflated_of_effective")
    low, high = (None if end is None else float(end) for end in ends)
    if low is not None and high is not None and max(low, high) < CONFIDENCE:
        yield (
            f"Against it: the deflated Sharpe ratio is {min(low, high):.3f} to "
            f"{max(low, high):.3f}, below {CONFIDENCE}. It takes all that the configs' "
            "ratios differ by for luck, and in a grid many differ because they trade badly; the "
            "verdict follows the test, which tries each config against luck of its own."
        )
    if overfitting is not None and overfitting > _OVERFITTED:
        yield (
            f"Against it: the overfitting (PBO) is {overfitting:.2f}, above {_OVERFITTED}. It "
            "judges which config was chosen, and among equally good ones that does not matter; "
            "the verdict follows the test, which judges whether there was anything to earn."
        )


def _is_near(verdict: Verdict) -> bool:
    """Whether so many replicates may have drawn the p value on the wrong side of the bound."""
    if verdict.p_value is None or verdict.verdict not in {EDGE, LUCK} or verdict.p_value >= 1:
        return False
    share = verdict.n_configs / (verdict.n_configs + verdict.also_tried)
    here, bound = (-math.expm1(share * math.log1p(-p)) for p in (verdict.p_value, SIGNIFICANT))
    error = math.sqrt(bound * (1 - bound) / verdict.n_bootstrap)
    return abs(here - bound) <= _ERRORS * error


def _cautions_of_the_search(verdict: Verdict) -> Iterator[str]:
    gone = [sweep for sweep in verdict.search["sweeps"] if sweep["is_gone"]]
    if gone:
        configs = sum(sweep["configs"] for sweep in gone)
        yield (
            f"The rows of {counted(len(gone), 'sweep')} are gone. Their {configs:,} configs were "
            "tried all the same and are tested, but none of them can be the best."
        )
    if unread := verdict.search.get("unread_folders"):
        yield (
            f"Not counted: {counted(unread, 'folder')} of rows without a description that can be "
            "read. If they are of these data, their configs were tried, too: --also-tried."
        )
    others, configs = verdict.search["other_sweeps"], verdict.search["other_configs"]
    if others:
        yield (
            f"Not counted: {counted(others, 'sweep')} with {configs:,} configs on other data "
            "files, or by another engine. If one was a part of these data or nearly the same, "
            f"count it: --also-tried {configs}."
        )
    yield (
        f"Counted were the {verdict.n_configs:,} configs that the results know of"
        f"{_elsewhere(verdict)}. What was tried and left no results has to be told by --also-tried."
    )


def _elsewhere(verdict: Verdict) -> str:
    return f", and {verdict.also_tried:,} as tried elsewhere" if verdict.also_tried else ""


_REASONS = {
    NO_EDGE: _why_no_edge,
    TOO_LITTLE: _why_too_little,
    LUCK: _why_luck,
    EDGE: _why_an_edge,
}
_NO_EVIDENCE: dict[str, Callable[[Verdict], str]] = {
    NO_EDGE: lambda _: _of_an_edge("No config earned anything after costs"),
    TOO_LITTLE: _too_little_below,
    LUCK: _luck_below,
}
_CHANGES = {
    NO_EDGE: _what_changes_no_edge,
    TOO_LITTLE: _what_changes_too_little,
    LUCK: _what_changes_luck,
    EDGE: _what_changes_an_edge,
}
