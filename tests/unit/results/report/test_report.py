"""The report without a browser: what it says, and that foreign text stays text."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from pathlib import Path

import polars as pl

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.report.known import Known
from arbitrage.results.report.page.parts import Points, Section, Table
from arbitrage.results.report.page.writing import page_of
from arbitrage.results.report.sections.reproduce import reproduce_section
from arbitrage.results.store.known_sweeps import sweep_named
from arbitrage.results.verdict.verdict import Verdict, path_of
from arbitrage.results.walk_forward.outcome import FoldOutcome, Point, Side, WalkForward
from arbitrage.sweep import judge
from tests.helpers.reports import FOREIGN, GRIDS, reported, swept
from tests.unit.results.report.shown import SCRIPT, charts_of, check_charts, text_of
from worker.client.answers.report import write_report


def test_foreign_text_is_shown_and_never_markup(page: str) -> None:
    assert FOREIGN.replace("/", "_") in text_of(page)
    assert "<b>" not in page
    assert "</script><script>alert" not in page
    assert len(SCRIPT.findall(page)) == 2


def test_the_policy_names_every_script_and_the_style_by_its_digest(page: str) -> None:
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="(.*?)"', page)
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    for text in [*SCRIPT.findall(page), style]:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in html.unescape(policy)
    assert policy.startswith("default-src ")
    assert "unsafe" not in policy


def test_every_chart_is_as_its_schema_has_it(page: str) -> None:
    names = ["equity", "drawdown", "money", "profits", "heatmap", "importance", "cloud", "ladder"]
    assert charts_of(page).keys() == {*names}
    check_charts(page, *names)


def test_the_best_config_is_told_first_of_what_is_not_a_verdict(page: str, folder: Path) -> None:
    rows = pl.read_parquet(next((folder / "results").glob("*/")))
    best = rows.sort("net_pnl_usd", "config_number", descending=[True, False]).row(0, named=True)
    text = text_of(page)
    assert text.index("not judged yet") < text.index("The best config", text.index("not judged"))
    assert f"it earned {best['net_pnl_usd']:,.2f} USD net in {best['total_trades']} trades" in text


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
    text = text_of(page)
    verdict = Verdict.read(path_of(settings.results_dir, known.sweep_id))
    assert verdict is not None
    assert f"Verdict {verdict.verdict}" in text
    assert "12.50 USD an hour there, and 5.00, 40% of it," in text
    assert "on the rows that followed: 5.00 USD in all, in 1h." in text
    assert "1 of 1 folds chose config 3 (min_spread_bps 15)" in text
    assert "The last fold earned 5.00 USD an hour on the rows that followed, and 12.50 in" in text
    assert "1 min_spread_bps 15 a b 12.50 12.50 5.00 5.00" in text
    assert "arbtune walk-forward says what is left" not in text
    assert {"ladder", "money"} <= charts_of(page).keys()
    check_charts(page, "folds", "unseen", "profile")
    assert f"arbtune verdict {known.sweep_id} --seed 0 --replicates 50" in text
    assert "arbtune walk-forward sweep.yaml --folds 1 --train 10s --test 10s" in text


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
    assert "No config may be ranked." in text_of(reported(settings).read_text())
    swept(tmp_path, name="quotes.csv")
    assert "Nothing varies in this sweep." in text_of(reported(settings).read_text())
    (tmp_path / "quotes.csv").unlink()
    assert "which is not here" in text_of(reported(settings).read_text())


def test_what_was_searched_and_what_was_not_is_told(page: str) -> None:
    text = text_of(page)
    assert "min_spread_bps 9 0 40" in text
    assert "max_holding_seconds 2 2 2" in text
    assert "Left at their default, so not searched: " in text
    assert "No filter rejects any config." in text
    assert "not in the picture" not in text


def test_a_best_at_the_edge_of_the_grid_is_told(tmp_path: Path) -> None:
    spreads = {"name": "min_spread_bps", "values": [10, 40]}
    trades = {"name": "max_open_trades", "values": [1, 2, 3]}
    filters = {"min_trades": 2, "max_drawdown_pct": 99}
    text = text_of(reported(swept(tmp_path / "one", spreads, trades, filters=filters)).read_text())
    edges = "min_spread_bps 10 (its smallest value), max_open_trades 3 (its largest value)"
    assert f"The best is at the edge of the grid: {edges}. A wider grid may have a" in text
    assert "The filter min_trades 2 rejects 3 of 6 configs." in text
    assert "The filter max_drawdown_pct 99 rejects 0 of 6 configs." in text
    spreads = {"name": "min_spread_bps", "values": [0, 40]}
    at_the_end = reported(swept(tmp_path / "two", spreads)).read_text()
    assert "at the edge of the grid" not in text_of(at_the_end)  # nothing is below 0


def test_the_first_lines_have_the_basics(page: str) -> None:
    [lines] = re.findall(r"</h1>\s*<p>(.*?)</p>", page, re.DOTALL)
    names = ", ".join(grid["name"] for grid in GRIDS)
    assert f"Varied: {names}." in lines
    assert re.search(r"The file has [0-9]+ rows from \S+ to \S+, [0-9]+m", lines), lines
    assert "trades 1,000.00 USD at a time, of a balance of 10,000.00 USD at the start." in lines


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


def test_cells_of_numbers_are_aligned_as_numbers() -> None:
    table = Table("t", ("a", "b", "c"), [("x", "-1,000.50", ""), ("1", "3%", "2")])
    assert table.kinds == ["text", "number", "number"]


def test_a_page_needs_no_figures() -> None:
    page = page_of("a < b", "c & d", [Section("one", "One", points=[Points("", ["x > y"])])])
    assert "<h1>a &lt; b</h1>" in page
    assert "<li>x &gt; y</li>" in page
