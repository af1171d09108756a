"""The heatmap of a report: any two parameters, what filters keep out, its colours."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from arbitrage.results.report.charts.heatmap import heatmap_chart
from tests.helpers.reports import GRIDS, reported, swept
from tests.unit.results.report.shown import charts_of, text_of


def test_the_heatmap_has_the_best_and_the_median_of_any_two_parameters(
    page: str, folder: Path
) -> None:
    rows = pl.read_parquet(next((folder / "results").glob("*/")))
    choices = charts_of(page)["heatmap"]["choices"]
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


def test_the_heatmap_says_what_the_filters_keep_out_of_it(tmp_path: Path) -> None:
    settings = swept(tmp_path, *GRIDS[:2], filters={"min_trades": 2})
    rows = pl.read_parquet(next((tmp_path / "results").glob("*/")))
    few = rows.filter(pl.col("total_trades") < 2).height
    assert 0 < few < rows.height
    told = f"{few} of 27 configs are not in the picture: the filters reject them."
    assert told in text_of(reported(settings).read_text())


def test_one_parameter_is_a_line_of_its_own(tmp_path: Path) -> None:
    charts = charts_of(reported(swept(tmp_path, GRIDS[0], name="quotes.csv")).read_text())
    assert {"profile", "importance"} <= charts.keys()
    assert "heatmap" not in charts


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
