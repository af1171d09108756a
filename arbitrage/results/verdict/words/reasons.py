"""Why the verdict is what it is, and what that says of the figures below it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from arbitrage.replay.periods.period_clock import FEWEST
from arbitrage.results.verdict.verdict import (
    EDGE,
    FEWEST_TRADES,
    LUCK,
    NO_EDGE,
    SIGNIFICANT,
    TOO_LITTLE,
    Verdict,
)
from arbitrage.results.verdict.words.texts import counted, in_cases, shown_p


def reasons(verdict: Verdict) -> list[str]:
    """Why the verdict is what it is, a sentence or two each."""
    return [*_REASONS[verdict.verdict](verdict), *_kept(verdict)]


def no_evidence(verdict: Verdict) -> list[str]:
    """What has to be read before any figure of a config that is not shown to have an edge."""
    return [_NO_EVIDENCE[verdict.verdict](verdict)] if verdict.verdict in _NO_EVIDENCE else []


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


def _of_an_edge(because: str) -> str:
    return f"{because}: the figures below are no evidence of an edge."


def _luck_below(verdict: Verdict) -> str:
    p_value = shown_p(verdict.p_value or 0.0, verdict.n_bootstrap)
    return _of_an_edge(f"It cannot be told from luck (p {p_value})")


def _too_little_below(verdict: Verdict) -> str:
    closed = verdict.winner["figures"]["closed_trades"]
    few = counted(closed, "closed trade") if closed < FEWEST_TRADES else "Too short a file"
    return f"{few}: the figures below are no evidence."


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
