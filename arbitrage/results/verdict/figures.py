"""The figures of a verdict, for people who know statistics: a name and a value a line."""

from __future__ import annotations

from collections.abc import Iterator

from arbitrage.results.explain.ladder import repeats
from arbitrage.results.explain.resolution import latency_text
from arbitrage.results.verdict.beside import CONFIDENCE
from arbitrage.results.verdict.verdict import Verdict
from arbitrage.results.verdict.words.texts import counted, of_period, p_text

Line = tuple[str, str]


def figure_lines(verdict: Verdict) -> list[Line]:
    """All of them, in the order in which they are read."""
    return [*_of_the_test(verdict), *_beside(verdict), *_of_the_winner(verdict)]


def _of_the_test(verdict: Verdict) -> Iterator[Line]:
    test = verdict.test
    if test is None or verdict.period_seconds is None:
        return
    own, dollars = test["by_deviation"], test["in_dollars"]
    yield "periods", f"{verdict.periods:,} of {of_period(verdict.period_seconds)}"
    yield "configs", f"{verdict.n_configs:,}, and {verdict.also_tried:,} elsewhere"
    drawn = f"{verdict.n_bootstrap:,} replicates, mean block {test['mean_block']:.2f}"
    yield "bootstrap", f"{drawn}, seed {verdict.seed}"
    yield "p, SPA studentized", _bounds(own, verdict)
    yield "  calibrated", p_text(own["calibrated"], verdict.n_bootstrap)
    yield "p, SPA in dollars", _bounds(dollars, verdict)
    yield "p of the verdict", p_text(verdict.p_value or 0.0, verdict.n_bootstrap)
    yield "p of the best alone", p_text(test["winner_p_value"], verdict.n_bootstrap)


def _bounds(p_values: dict[str, float], verdict: Verdict) -> str:
    names = ("consistent", "lower", "upper")
    return ", ".join(f"{p_text(p_values[name], verdict.n_bootstrap)} {name}" for name in names)


def _beside(verdict: Verdict) -> Iterator[Line]:
    if verdict.beside is None:
        return
    if sharpe := verdict.beside["sharpe"]:
        yield (
            "Sharpe per period",
            f"{sharpe['sharpe']:.4f}, skew {sharpe['skew']:.2f}, kurtosis {sharpe['kurtosis']:.2f}",
        )
        yield "deflated Sharpe", _band(verdict, sharpe)
        yield "track record", _track_record(sharpe["track_record"], verdict.periods or 0)
    overfitting, sample = verdict.beside["overfitting"], verdict.beside["sample"]
    if overfitting is not None:
        yield (
            "overfitting (PBO)",
            f"{overfitting:.2f}, of {sample:,} configs in {verdict.beside['blocks']} blocks",
        )


def _band(verdict: Verdict, sharpe: dict[str, float | None]) -> str:
    tried = verdict.n_configs + verdict.also_tried
    ends = [
        (sharpe["deflated_of_effective"], f"{sharpe['n_effective']:,.1f} effective"),
        (sharpe["deflated_of_all"], f"all {tried:,}"),
    ]
    return ", ".join(f"{_shown(value)} with {of_what}" for value, of_what in ends)


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _track_record(length: float | None, periods: int) -> str:
    if length is None:
        return f"no length is enough at {CONFIDENCE:.0%}"
    return f"{length:,.0f} periods at {CONFIDENCE:.0%}, without the search; there are {periods:,}"


def _of_the_winner(verdict: Verdict) -> Iterator[Line]:
    median, net = verdict.plateau["median_net_pnl_usd"], verdict.winner["figures"]["net_pnl_usd"]
    if median is not None:
        neighbours = f"{verdict.plateau['neighbours']} neighbours, median {median:z,.2f} USD"
        yield "plateau", f"{net:z,.2f} USD; {neighbours}"
    if (equals := verdict.winner["equals"]) > 1:
        yield "equal configs", f"{equals:,}; the middle one is shown"
    for rung in verdict.ladder:
        if repeats(rung["what"], verdict.winner["config"]):
            continue
        trades = counted(rung["closed_trades"], "closed trade")
        yield rung["what"], f"{rung['net_pnl_usd']:z,.2f} USD, {trades}"
    cost, latency = verdict.break_evens["cost_bps"], verdict.break_evens["latency_ms"]
    if cost is not None:
        yield "break-even cost", f"{cost:.4g} bps an execution"
    if latency is not None:
        yield "break-even latency", latency_text(latency)
