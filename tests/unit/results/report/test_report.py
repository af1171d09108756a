"""The report without a browser: what it says, and that foreign text stays text."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.replay.many_configs import open_data
from arbitrage.results.querying.plateau import shown_best
from arbitrage.results.report.charts.heatmap import heatmap_chart
from arbitrage.results.report.known import Known
from arbitrage.results.report.page.parts import Points, Section, Table
from arbitrage.results.report.page.writing import page_of
from arbitrage.results.report.sections.conditions import conditions_section
from arbitrage.results.report.sections.reproduce import reproduce_section
from arbitrage.results.report.sections.verdict import verdict_section
from arbitrage.results.report.writing import report_html
from arbitrage.results.store.known_sweeps import sweep_named
from arbitrage.results.verdict.verdict import EDGE, LUCK, NO_EDGE, TOO_LITTLE, Verdict, path_of
from arbitrage.results.walk_forward.outcome import FoldOutcome, Point, Side, WalkForward
from arbitrage.sweep import judge
from tests.shared.reports import FOREIGN, GRIDS, reported, swept
from worker.client.answers.report import write_report

_JSON = re.compile(r'<script type="application/json" id="(\w+)">(.*?)</script>', re.DOTALL)
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    reported(swept(folder, *GRIDS, tag_prefix="</script><script>alert(1)</script>"))
    return folder


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text()


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Known, Verdict]:
    """What is known of a sweep, and a verdict on it."""
    folder = tmp_path_factory.mktemp("judged")
    swept(folder, *GRIDS, name="quotes.csv")
    sweep = sweep_named("latest", folder / "results")
    verdict = judge(sweep.spec, n_bootstrap=50, results_dir=folder / "results")
    data = open_data(folder / "quotes.csv")
    return Known(sweep, shown_best(sweep), None, None, data), verdict


def _charts(page: str) -> dict[str, Any]:
    charts: dict[str, Any] = json.loads(dict(_JSON.findall(page))["charts"])
    return charts


def _text(page: str) -> str:
    """The page as people read it."""
    body = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_foreign_text_is_shown_and_never_markup(page: str) -> None:
    assert FOREIGN.replace("/", "_") in _text(page)
    assert "<b>" not in page
    assert "</script><script>alert" not in page
    assert len(_SCRIPT.findall(page)) == 2


def test_the_policy_names_every_script_and_the_style_by_its_digest(page: str) -> None:
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="(.*?)"', page)
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    for text in [*_SCRIPT.findall(page), style]:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in html.unescape(policy)
    assert policy.startswith("default-src ")
    assert "unsafe" not in policy


def test_the_best_config_is_told_first_of_what_is_not_a_verdict(page: str, folder: Path) -> None:
    rows = pl.read_parquet(next((folder / "results").glob("*/")))
    best = rows.sort("net_pnl_usd", "config_number", descending=[True, False]).row(0, named=True)
    text = _text(page)
    assert text.index("not judged yet") < text.index("The best config", text.index("not judged"))
    assert f"it earned {best['net_pnl_usd']:,.2f} USD net in {best['total_trades']} trades" in text


def test_the_heatmap_has_the_best_and_the_median_of_any_two_parameters(
    page: str, folder: Path
) -> None:
    rows = pl.read_parquet(next((folder / "results").glob("*/")))
    choices = _charts(page)["heatmap"]["choices"]
    names = [name for _, name in choices["names"]]
    assert sorted(names) == sorted(grid["name"] for grid in GRIDS)
    for pair, cells in choices["cells"].items():
        first, second = (names[int(place)] for place in pair.split())
        values = [
            sorted(group["net_pnl_usd"].to_list())
            for _, group in rows.sort(first, second, nulls_last=True).group_by(
                first, second, maintain_order=True
            )
        ]
        flat = {name: [value for row in cells[name] for value in row] for name in cells}
        medians = [pl.Series(group).median() for group in values]
        assert flat["best"] == pytest.approx([group[-1] for group in values], rel=1e-5)
        assert flat["median"] == pytest.approx(medians, rel=1e-5)


def test_the_file_does_not_grow_with_the_sweep(tmp_path: Path, page: str) -> None:
    wide = {"name": "min_spread_bps", "start": 0, "stop": 40, "num": 801}
    larger = reported(swept(tmp_path, wide, *GRIDS[1:])).stat().st_size
    assert larger < len(page.encode()) + 150_000 < 3_000_000


def test_what_was_kept_beside_the_sweep_is_in_the_report(tmp_path: Path) -> None:
    settings = swept(tmp_path, GRIDS[0], name="quotes.csv")
    known = sweep_named("latest", settings.results_dir)
    judge(known.spec, n_bootstrap=50, results_dir=settings.results_dir).write(settings.results_dir)
    side = Side("a", "b", 1.0, 0, 10, 12.5, 3)
    folds = [FoldOutcome(3, {"min_spread_bps": 15.0}, None, side, replace(side, net_pnl_usd=5.0))]
    WalkForward(
        sweep_id=known.sweep_id,
        data_file="quotes.csv",
        data_sha256=known.description.data_sha256,
        engine_version="2",
        configs=9,
        rank_by="net_pnl_usd",
        train_seconds=10,
        test_seconds=10,
        folds=folds,
        equity=[Point("t1", 2.0), Point("t2", 5.0)],
    ).write(settings.results_dir)
    page = reported(settings).read_text()
    text = _text(page)
    verdict = Verdict.read(path_of(settings.results_dir, known.sweep_id))
    assert verdict is not None
    assert f"Verdict {verdict.verdict}" in text
    assert "12.50 USD an hour there, and 5.00, 40% of it," in text
    assert "on the rows that followed: 5.00 USD in all, in 1h." in text
    assert "1 of 1 folds chose config 3 (min_spread_bps 15)" in text
    assert "The last fold earned 5.00 USD an hour on the rows that followed, and 12.50 in" in text
    assert "1 min_spread_bps 15 a b 12.50 12.50 5.00 5.00" in text
    assert "arbtune walk-forward says what is left" not in text
    assert {"folds", "unseen", "ladder", "money"} <= _charts(page).keys()
    assert f"arbtune verdict {known.sweep_id} --seed 0 --replicates 50" in text
    assert "arbtune walk-forward sweep.yaml --folds 1 --train 10s --test 10s" in text


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


def test_the_commands_of_the_report_have_all_that_the_answers_depend_on(
    judged: tuple[Known, Verdict],
) -> None:
    known, verdict = judged
    assert verdict.test is not None
    test = {**verdict.test, "is_block_given": True, "mean_block": 2.5}
    given = replace(verdict, seed=7, n_bootstrap=60, also_tried=500, test=test)
    [_, copied, *_] = reproduce_section(replace(known, verdict=given)).copied
    flags = "--seed 7 --replicates 60 --block 2.5 --also-tried 500"
    assert copied.text == f"arbtune verdict {verdict.sweep_id} {flags}"


def test_what_is_missing_is_said_in_a_sentence(tmp_path: Path) -> None:
    settings = swept(tmp_path, GRIDS[0], name="quotes.csv", filters={"min_trades": 100_000})
    assert "No config may be ranked." in _text(reported(settings).read_text())
    swept(tmp_path, name="quotes.csv")
    assert "Nothing varies in this sweep." in _text(reported(settings).read_text())
    (tmp_path / "quotes.csv").unlink()
    assert "which is not here" in _text(reported(settings).read_text())


def test_what_was_searched_and_what_was_not_is_told(page: str) -> None:
    text = _text(page)
    assert "min_spread_bps 9 0 40" in text
    assert "max_holding_seconds 2 2 2" in text
    assert "Left at their default, so not searched: " in text
    assert "No filter rejects any config." in text
    assert "not in the picture" not in text


def test_a_best_at_the_edge_of_the_grid_is_told(tmp_path: Path) -> None:
    spreads = {"name": "min_spread_bps", "values": [10, 40]}
    trades = {"name": "max_open_trades", "values": [1, 2, 3]}
    filters = {"min_trades": 2, "max_drawdown_pct": 99}
    text = _text(reported(swept(tmp_path / "one", spreads, trades, filters=filters)).read_text())
    edges = "min_spread_bps 10 (its smallest value), max_open_trades 3 (its largest value)"
    assert f"The best is at the edge of the grid: {edges}. A wider grid may have a" in text
    assert "The filter min_trades 2 rejects 3 of 6 configs." in text
    assert "The filter max_drawdown_pct 99 rejects 0 of 6 configs." in text
    spreads = {"name": "min_spread_bps", "values": [0, 40]}
    at_the_end = reported(swept(tmp_path / "two", spreads)).read_text()
    assert "at the edge of the grid" not in _text(at_the_end)  # nothing is below 0


def test_the_heatmap_says_what_the_filters_keep_out_of_it(tmp_path: Path) -> None:
    settings = swept(tmp_path, *GRIDS[:2], filters={"min_trades": 2})
    rows = pl.read_parquet(next((tmp_path / "results").glob("*/")))
    few = rows.filter(pl.col("total_trades") < 2).height
    assert 0 < few < rows.height
    told = f"{few} of 27 configs are not in the picture: the filters reject them."
    assert told in _text(reported(settings).read_text())


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
    assert _text(report_html(replace(known, verdict=other))).count(told) == times


def test_few_trades_have_no_histogram_and_no_best_five(tmp_path: Path) -> None:
    settings = swept(tmp_path, name="quotes.csv", trades=9)
    page = reported(settings).read_text()
    row = pl.read_parquet(next((tmp_path / "results").glob("*/"))).row(0, named=True)
    assert 0 < row["closed_trades"] < 10
    assert "profits" not in _charts(page)
    assert "Its best 5 trades" not in _text(page)


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
    known, verdict = judged
    assert known.best is not None
    best = known.best["config_number"]
    numbers = [None if one is None else (best + one) % known.spec.total for one in chosen]
    side = Side("a", "b", 2.0, 0, 10, 12.5, 3)
    folds = [FoldOutcome(number, {}, None, side, side) for number in numbers]
    walk = WalkForward(
        *("s", "quotes.csv", "d", "2", known.spec.total, "net_pnl_usd", 10, 10, folds, [])
    )
    an_edge = replace(verdict, verdict=EDGE, p_value=0.01, walk_forward=None)
    text = _text(report_html(replace(known, verdict=an_edge, walk=walk)))
    assert told.format(best, told=known.told(known.spec.config(best))) in text
    assert "arbtune walk-forward says what is left" not in text
    without = _text(report_html(replace(known, verdict=an_edge)))
    assert "arbtune walk-forward says what is left" in without


def test_the_first_lines_have_the_basics(page: str) -> None:
    [lines] = re.findall(r"</h1>\s*<p>(.*?)</p>", page, re.DOTALL)
    names = ", ".join(grid["name"] for grid in GRIDS)
    assert f"Varied: {names}." in lines
    assert re.search(r"The file has [0-9]+ rows from \S+ to \S+, [0-9]+m", lines), lines
    assert "trades 1,000.00 USD at a time, of a balance of 10,000.00 USD at the start." in lines


def test_the_threshold_is_told_with_its_costs(judged: tuple[Known, Verdict]) -> None:
    known, _ = judged
    config = known.config
    assert config is not None
    cost = config.taker_fee_a_bps + config.taker_fee_b_bps + config.slippage_bps
    spread = config.min_spread_bps
    told = f"a trade opens at a spread of {spread:g} + {cost:g} = {spread + cost:g} bps."
    assert _text(report_html(known)).count(told) == 1


@pytest.mark.parametrize(
    ("open_usd", "win_rate", "is_told"),
    [(-15.7, 1.0, True), (-15.7, 0.9, False), (0.0, 1.0, False)],
)
def test_losses_that_sit_in_open_trades_are_told(
    judged: tuple[Known, Verdict], open_usd: float, win_rate: float, is_told: bool
) -> None:
    known, _ = judged
    best = {**(known.best or {}), "win_rate": win_rate, "unrealized_pnl_usd": open_usd}
    text = _text(report_html(replace(known, best=best)))
    assert ("No closed trade lost; losses sit in open trades: -15.70 USD" in text) == is_told


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
    assert told in _text(page)
    assert "latency 50 ms" in _text(page)
    assert "latency 0 ms" not in _text(page)  # the best config has none, as it is


def test_one_parameter_is_a_line_of_its_own(tmp_path: Path) -> None:
    charts = _charts(reported(swept(tmp_path, GRIDS[0], name="quotes.csv")).read_text())
    assert {"profile", "importance"} <= charts.keys()
    assert "heatmap" not in charts


def test_the_report_repeats_the_sweep(page: str, folder: Path) -> None:
    text = re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
    spec = SweepSpec.from_text(html.unescape(text[0]))
    described = json.loads(next((folder / "results").glob("*.json")).read_text())["spec"]
    assert spec == SweepSpec.model_validate(described)
    assert html.unescape(text[1]).startswith("arbtune run \\\n  --data-file ")


def test_it_is_written_whole_over_an_older_one(tmp_path: Path) -> None:
    settings = swept(tmp_path, GRIDS[0])
    path = tmp_path / "here" / "report.html"
    write_report("latest", path, settings)
    first = path.read_text()
    write_report("latest", path, settings)
    assert path.read_text() == first
    assert [one.name for one in path.parent.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("low", "high", "colours"),
    [(-1.0, 1.0, 11), (0.0, 1.0, 7), (-2.0, -1.0, 4), (0.0, 0.0, 7), (5.0, 5.0, 7)],
)
def test_colours_tell_losses_from_gains(low: float, high: float, colours: int) -> None:
    chart = heatmap_chart("net", low, high)
    scale = chart["layer"][0]["encoding"]["color"]["scale"]
    assert len(scale["range"]) == colours
    assert len(scale["domain"]) == colours - 1
    assert scale["domain"] == sorted(scale["domain"])
    assert (0.0 in scale["domain"]) or not low < 0 < high


def test_the_frame_of_the_best_is_seen_on_any_colour_of_both_schemes() -> None:
    """One of its two lines is light and one is dark, whichever the scheme is."""
    _, *frames = heatmap_chart("net", -1.0, 1.0)["layer"]
    lines = [(frame["mark"]["stroke"], frame["mark"]["strokeWidth"]) for frame in frames]
    assert [stroke for stroke, _ in lines] == ["var(--paper)", "var(--ink)"]
    assert lines[0][1] > lines[1][1]


def test_cells_of_numbers_are_aligned_as_numbers() -> None:
    table = Table("t", ("a", "b", "c"), [("x", "-1,000.50", ""), ("1", "3%", "2")])
    assert table.kinds == ["text", "number", "number"]


def test_a_page_needs_no_figures() -> None:
    page = page_of("a < b", "c & d", [Section("one", "One", points=[Points("", ["x > y"])])])
    assert "<h1>a &lt; b</h1>" in page
    assert "<li>x &gt; y</li>" in page
