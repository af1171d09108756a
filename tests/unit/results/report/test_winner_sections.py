"""What the sections of a report say of the best: its verdict, its conditions, its folds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from arbitrage.results.report.known import Known
from arbitrage.results.report.sections.conditions import conditions_section
from arbitrage.results.report.sections.verdict import verdict_section
from arbitrage.results.report.sections.walk_forward import walk_forward_section
from arbitrage.results.report.sections.winner import winner_section
from arbitrage.results.report.writing import report_html
from arbitrage.results.verdict.verdict import EDGE, LUCK, NO_EDGE, TOO_LITTLE, Verdict
from arbitrage.results.walk_forward.outcome import FoldOutcome, Side, WalkForward
from tests.helpers.reports import reported, swept
from tests.unit.results.report.shown import charts_of, text_of


def test_what_walk_forward_says_against_the_best_stands_in_the_verdict(
    judged: tuple[Known, Verdict],
) -> None:
    known, verdict = judged
    assert known.best is not None
    best = known.best["config_number"]
    gain, loss = Side("a", "b", 1.0, 0, 10, 12.5, 3), Side("b", "c", 1.0, 10, 20, -5.0, 3)

    def minded(chosen: int | None, last: Side, judged_as: Verdict | None = verdict) -> str:
        folds = [FoldOutcome(chosen, {}, None, gain, last)]
        names = ("id", "quotes.csv", "0", "2", 9, "net_pnl_usd", 10.0, 10.0)
        walk = WalkForward(*names, folds, [])
        section = verdict_section(replace(known, verdict=judged_as, walk=walk))
        points = [told for points in section.points[1:] for told in points.sentences]
        return " ".join(points or section.sentences)

    other = "Walk-forward says little of the best config: none of its 1 folds chose it."
    lost = "The last fold of walk-forward, the nearest to now, lost 5.00 USD."
    assert other not in minded(best, gain)
    assert lost not in minded(best, gain)
    for judged_as in (verdict, None):
        assert other in minded(best + 1, gain, judged_as)
        assert lost in minded(best, loss, judged_as)
        assert "no fold chose a config" in minded(None, gain, judged_as)


@pytest.mark.parametrize(
    ("found", "told", "times"),
    [
        (TOO_LITTLE, "2 closed trades: the figures below are no evidence.", 3),
        (LUCK, "It cannot be told from luck (p = 0.282): the figures below are no evidence", 3),
        (NO_EDGE, "No config earned anything after costs: the figures below are no evidence", 3),
        (EDGE, "the figures below are no evidence", 0),
    ],
)
def test_the_verdict_is_carried_to_the_figures(
    judged: tuple[Known, Verdict], found: str, told: str, times: int
) -> None:
    known, verdict = judged
    figures = {**verdict.winner["figures"], "closed_trades": 2}
    other = replace(
        verdict, verdict=found, p_value=0.282, winner={**verdict.winner, "figures": figures}
    )
    assert text_of(report_html(replace(known, verdict=other))).count(told) == times


def test_few_trades_have_no_histogram_and_no_best_five(tmp_path: Path) -> None:
    settings = swept(tmp_path, name="quotes.csv", trades=9)
    page = reported(settings).read_text()
    row = pl.read_parquet(next((tmp_path / "results").glob("*/"))).row(0, named=True)
    assert 0 < row["closed_trades"] < 10
    assert "profits" not in charts_of(page)
    assert "Its best 5 trades" not in text_of(page)


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        (
            [0, 0, 1],
            "2 of 3 folds chose config {0} ({told}), which is the best config",
        ),
        ([1, 1, 0], "; the best config of the whole file was chosen by 1."),
        ([1, 1, 2], "; none chose the best config of the whole file, so this says little"),
        ([None], "No fold chose a config."),
    ],
)
def test_which_configs_the_folds_chose_is_told_beside_the_best(
    judged: tuple[Known, Verdict], chosen: list[int | None], told: str
) -> None:
    known, _ = judged
    assert known.best is not None
    best = known.best["config_number"]
    numbers = [None if one is None else (best + one) % known.spec.total for one in chosen]
    section = walk_forward_section(replace(known, walk=walked(known, *numbers)))
    assert told.format(best, told=known.told(known.spec.config(best))) in " ".join(
        section.sentences
    )


def walked(known: Known, *chosen: int | None) -> WalkForward:
    """A walk-forward whose folds chose these configs."""
    side = Side("a", "b", 2.0, 0, 10, 12.5, 3)
    folds = [FoldOutcome(number, {}, None, side, side) for number in chosen]
    return WalkForward(
        *("s", "quotes.csv", "d", "2", known.spec.total, "net_pnl_usd", 10, 10, folds, [])
    )


def test_an_edge_asks_for_a_walk_forward_until_there_is_one(
    judged: tuple[Known, Verdict],
) -> None:
    known, verdict = judged
    an_edge = replace(verdict, verdict=EDGE, p_value=0.01, walk_forward=None)
    asked = "arbtune walk-forward says what is left"
    assert asked in text_of(report_html(replace(known, verdict=an_edge)))
    walk = walked(known, 0, None)
    assert asked not in text_of(report_html(replace(known, verdict=an_edge, walk=walk)))


def test_the_threshold_is_told_with_its_costs(judged: tuple[Known, Verdict], page: str) -> None:
    known, _ = judged  # the same sweep as the page's
    config = known.config
    assert config is not None
    cost = config.taker_fee_a_bps + config.taker_fee_b_bps + config.slippage_bps
    spread = config.min_spread_bps
    told = f"a trade opens at a spread of {spread:g} + {cost:g} = {spread + cost:g} bps."
    assert text_of(page).count(told) == 1


@pytest.mark.parametrize(
    ("open_usd", "win_rate", "is_told"),
    [(-15.7, 1.0, True), (-15.7, 0.9, False), (0.0, 1.0, False)],
)
def test_losses_that_sit_in_open_trades_are_told(
    judged: tuple[Known, Verdict], open_usd: float, win_rate: float, is_told: bool
) -> None:
    known, _ = judged
    best = {**(known.best or {}), "win_rate": win_rate, "unrealized_pnl_usd": open_usd}
    text = " ".join(winner_section(replace(known, best=best)).sentences)
    assert ("No closed trade lost; losses sit in open trades: -15.70 USD" in text) == is_told
    assert ("losses sit in open trades" in text) == is_told


def test_trades_that_were_open_over_gaps_break_it(judged: tuple[Known, Verdict]) -> None:
    known, _ = judged
    explanation = known.explanation
    assert explanation is not None
    assert explanation.quality.gaps is not None
    section = conditions_section(known)
    assert not any(told.startswith("Gaps: ") for told in section.sentences)
    quality = explanation.quality._replace(trades_over_gaps=2, pnl_over_gaps_usd=-3.5)
    other = replace(known)
    other.__dict__["explanation"] = replace(explanation, quality=quality)
    [told] = [told for told in conditions_section(other).sentences if told.startswith("Gaps: ")]
    assert "2 closed trades had been open" in told
    assert "-3.50 USD" in told


def test_rows_too_far_apart_for_a_latency_are_told_beside_the_ladder(page: str) -> None:
    told = "Rows are 1 s apart: a latency below that cannot be told by this file."
    assert told in text_of(page)
    assert "latency 50 ms" in text_of(page)
    assert "latency 0 ms" not in text_of(page)  # the best config has none, as it is
