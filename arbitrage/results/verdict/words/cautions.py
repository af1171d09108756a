"""What a verdict warns of, a sentence each."""

from __future__ import annotations

import math
from collections.abc import Iterator

from arbitrage.results.explain.resolution import latency_cautions
from arbitrage.results.verdict.beside import CONFIDENCE
from arbitrage.results.verdict.verdict import (
    COSTS,
    EDGE,
    LUCK,
    SIGNIFICANT,
    Verdict,
)
from arbitrage.results.verdict.words.changes import cost_bps
from arbitrage.results.verdict.words.texts import counted

_CHEAP_BPS = 1.0  # an execution: what both venues take together is more nearly everywhere
_LONE_PEAK = 0.5  # of the winner's profit: neighbours that earn less are told of
_OVERFITTED = 0.5  # the best of one half of the periods is below the median in the other
_CENT_USD = 0.01
_MILLIONTH = 1e-6  # of the balance
_ERRORS = 2.0  # standard ones: what is nearer to the bound may be on its other side


def cautions(verdict: Verdict) -> list[str]:
    """The sentences: about the best config, about the test, about the search."""
    return [
        *_cautions_of_the_winner(verdict),
        *_cautions_of_the_test(verdict),
        *_cautions_of_the_search(verdict),
    ]


def _cautions_of_the_winner(verdict: Verdict) -> Iterator[str]:
    winner, net = verdict.winner, verdict.winner["figures"]["net_pnl_usd"]
    if not any(winner["config"].get(name) for name in COSTS):
        yield "Its costs are 0, as on no venue: no fee, no slippage."
    elif cost_bps(verdict) < _CHEAP_BPS:
        yield (
            f"Its costs are {cost_bps(verdict):.4g} bps an execution, all fees and slippage "
            "together: hardly any venue is as cheap."
        )
    yield from _pays_nothing(net, winner["config"])
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
    yield from latency_cautions(verdict.row_seconds, winner["config"])
    beside = verdict.plateau["median_net_pnl_usd"]
    if beside is not None and net > 0 and beside < _LONE_PEAK * net:
        yield (
            f"It stands alone: its neighbours in the grids earn {beside:z,.2f} USD at the median. "
            "A config that is right for a reason has neighbours that are nearly as good."
        )
    if winner["sweep_id"] != verdict.sweep_id:
        yield f"It is of another sweep over the same data, {winner['sweep_id']}."


def _pays_nothing(net: float, config: dict[str, float]) -> Iterator[str]:
    """That a profit is too small to be seen: the test looks at its steadiness, not at its size."""
    balance = config.get("initial_balance_usd", 0.0)
    least = max(_CENT_USD, _MILLIONTH * balance)
    if 0 < net < least:
        below = "a cent" if least == _CENT_USD else f"a millionth of the balance of {balance:,.0f}"
        yield (
            f"It earned {net:.3g} USD over the whole file, less than {below}: however steadily, "
            "that pays nobody. Larger trades (max_position_usd) may."
        )


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
